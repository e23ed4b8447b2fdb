/** How a code came about once; tests provoke each. */
export interface ErrorExample {
  /** A request line, or a command line. */
  sent: string
  /** What was special about it, or about what it met. */
  how?: string
  /** What the answer said; `…` stands for what differs each time. */
  message: string
}

/** What a code means: the HTTP status it answers with (0: never sent over HTTP), its meaning, and what to do about it. */
interface ErrorEntry {
  status: number
  meaning: string
  hint: string
  example: ErrorExample
}

/**
 * Every error that Vieter reports, by its stable code. `docs/reference/errors.md` is printed from this table.
 * The hint is the default one; where the fault is known more closely an error carries a hint of its own.
 */
export const errorTable = {
  UNAUTHORIZED: {
    status: 401,
    meaning: 'The token is missing or wrong, has expired or was revoked.',
    hint: 'Send a token, or the server’s API key, as `X-Api-Key: TOKEN` or `Authorization: Bearer TOKEN`.',
    example: { sent: 'GET /api/v1/targets', how: 'with `X-Api-Key: wrong`', message: '401 Unauthorized' },
  },
  FORBIDDEN: {
    status: 403,
    meaning: 'The token is good, but not for this.',
    hint: 'Use a token with the scope that the message names; `vieter tokens create NAME --scope SCOPE` makes one.',
    example: {
      sent: 'POST /vieter/publish',
      how: 'with a token for agents',
      message:
        'This needs a token with the scope publish:vieter or agent-0.6:vieter or admin; the token builder has agent.',
    },
  },
  READ_UNAUTHORIZED: {
    status: 401,
    meaning: 'This repository is private: it is read with a token.',
    hint: 'Write `Server = https://vieter:TOKEN@HOST/$repo/$arch` into pacman.conf; `vieter tokens create NAME --scope read:REPO` makes a token.',
    example: {
      sent: 'GET /vieter/x86_64/vieter.db',
      how: 'without a token, where the repository has `access = token`',
      message: 'This repository is private: it is read with a token.',
    },
  },
  ROUTE_NOT_FOUND: {
    status: 404,
    meaning: 'No endpoint answers to this method and path.',
    hint: 'See /api/docs for all endpoints.',
    example: { sent: 'PUT /vieter/publish', message: 'No endpoint answers to this method and path.' },
  },
  REPOSITORY_NOT_FOUND: {
    status: 404,
    meaning: 'There is no such repository, or it has no such architecture.',
    hint: 'A repository comes into being when the first package is published to it, or with `vieter repos add`.',
    example: {
      sent: 'DELETE /nothing',
      message: 'There is no such repository, or it has no such architecture.',
    },
  },
  REPOSITORY_EXISTS: {
    status: 409,
    meaning: 'There is a repository of this name already.',
    hint: 'Change it with `vieter repos config`.',
    example: {
      sent: 'POST /api/v1/repos?name=vieter',
      how: 'for the second time',
      message: 'There is a repository of this name already.',
    },
  },
  TOKEN_NOT_FOUND: {
    status: 404,
    meaning: 'There is no token of this name, or it is revoked already.',
    hint: 'List the tokens with `vieter tokens list`.',
    example: {
      sent: 'DELETE /api/v1/tokens/laptop',
      message: 'There is no token of this name, or it is revoked already.',
    },
  },
  TOKEN_EXISTS: {
    status: 409,
    meaning: 'There is a token of this name already.',
    hint: 'Give another name, or revoke the token first with `vieter tokens revoke`.',
    example: {
      sent: 'POST /api/v1/tokens?name=laptop&scope=read',
      how: 'for the second time',
      message: 'There is a token of this name already.',
    },
  },
  NAME_LIST_NOT_FOUND: {
    status: 404,
    meaning: 'There is no such list of official names.',
    hint: 'List them with `vieter repos names list`.',
    example: { sent: 'DELETE /api/v1/names/nothing', message: 'There is no such list of official names.' },
  },
  DATABASE_INVALID: {
    status: 400,
    meaning: 'The body is not a pacman database.',
    hint: 'Send a database as pacman keeps it, for instance /var/lib/pacman/sync/core.db.',
    example: {
      sent: 'POST /api/v1/names/core',
      how: 'with a text file',
      message: 'The file is neither a tar archive nor a compressed one.',
    },
  },
  PACKAGE_NOT_FOUND: {
    status: 404,
    meaning: 'The repository holds no such package for this architecture.',
    hint: 'Check the spelling, the architecture, and that the package was published.',
    example: { sent: 'DELETE /vieter/x86_64/nothing', message: 'There is no package nothing for x86_64.' },
  },
  FILE_NOT_FOUND: {
    status: 404,
    meaning: 'The repository serves no file of this name.',
    hint: 'The databases are REPO.db and REPO.files; packages are served under their file names.',
    example: {
      sent: 'GET /vieter/x86_64/nothing.db',
      how: 'which is answered as plain text',
      message: '404 Not Found',
    },
  },
  METADATA_INVALID: {
    status: 422,
    meaning: 'A file in which the package speaks of itself cannot be read.',
    hint: 'Fetch the package and look at it with `bsdtar`; pacman installs it all the same.',
    example: {
      sent: 'GET /api/v1/packages/vieter/x86_64/hello/mtree',
      how: 'of a package that was not made by makepkg',
      message: '.MTREE, line 1: "nonsense" does not begin with "./".',
    },
  },
  TARGET_NOT_FOUND: {
    status: 404,
    meaning: 'There is no target with this id.',
    hint: 'List the targets with `vieter targets list`.',
    example: { sent: 'GET /api/v1/targets/99', message: 'There is no target 99.' },
  },
  JOB_RUNNING: {
    status: 409,
    meaning: 'A build of this target for this architecture is running already.',
    hint: 'Wait until it has ended; `vieter logs list` shows it then.',
    example: {
      sent: 'POST /api/v1/jobs/start?target=1&arch=x86_64',
      how: 'for the second time',
      message: 'A build of this target for this architecture is running already.',
    },
  },
  LOG_NOT_FOUND: {
    status: 404,
    meaning: 'There is no log with this id.',
    hint: 'List the logs with `vieter logs list`.',
    example: { sent: 'GET /api/v1/logs/99', message: 'There is no log 99.' },
  },
  PARAMETER_MISSING: {
    status: 400,
    meaning: 'A required parameter was not given.',
    hint: 'Give the parameter that the message names.',
    example: {
      sent: 'POST /api/v1/targets?url=https://example.org/a.git&repo=vieter',
      message: 'Missing parameter: kind.',
    },
  },
  PARAMETER_INVALID: {
    status: 400,
    meaning: 'A parameter has a value that cannot be used.',
    hint: 'Correct the parameter that the message names.',
    example: {
      sent: 'GET /api/v1/targets?limit=many',
      message: 'Parameter limit must be a whole number, but is "many".',
    },
  },
  REPOSITORY_NAME_INVALID: {
    status: 400,
    meaning: 'This name cannot be used for a repository.',
    hint: 'Use letters, digits, dot, dash, plus and underscore; begin with a letter, a digit or an underscore; at most 64 characters.',
    example: {
      sent: 'POST /api/v1/publications?repo=my%20packages',
      message:
        'The repository name "my packages" is not allowed: use letters, digits and . _ + -, no dot or dash at the start, and 1 to 64 characters.',
    },
  },
  SCHEDULE_INVALID: {
    status: 400,
    meaning: 'The schedule cannot be read, or would never come due.',
    hint: 'Write `minute hour [day [month]]`, for instance `0 3` for every day at 03:00. `vieter schedule` shows the next times.',
    example: {
      sent: 'POST /api/v1/targets?kind=git&url=https://example.org/a.git&repo=vieter&schedule=0+25',
      message: 'Invalid schedule "0 25": the hour must be from 0 to 23, not "25".',
    },
  },
  SOURCE_INVALID: {
    status: 400,
    meaning: 'The source of a target is not one that may be built.',
    hint: 'Git targets take http, https, ssh and git addresses; url targets take http and https.',
    example: {
      sent: 'POST /api/v1/targets?kind=git&url=file:///home/me/a.git&repo=vieter',
      message: 'Invalid url "file:///home/me/a.git": it must begin with http://, https://, ssh://, git://.',
    },
  },
  LENGTH_REQUIRED: {
    status: 411,
    meaning: 'The request has neither a Content-Length nor chunked transfer coding.',
    hint: 'Send the package as the request body, for instance with `curl -XPOST -T FILE`.',
    example: {
      sent: 'POST /vieter/publish',
      how: 'without a body',
      message: 'The request has neither a Content-Length nor chunked transfer coding.',
    },
  },
  BODY_INVALID: {
    status: 400,
    meaning: 'The request body ended early or cannot be read.',
    hint: 'Send the request again, whole.',
    example: {
      sent: 'POST /vieter/publish',
      how: 'with a connection that is cut on the way; the server’s log has it',
      message: 'The connection was cut before the whole body had arrived.',
    },
  },
  BODY_TOO_LARGE: {
    status: 413,
    meaning: 'The request body is larger than this endpoint takes.',
    hint: 'Send less at once.',
    example: {
      sent: 'POST /api/v1/logs?startTime=1&endTime=2&exitCode=0&arch=x86_64&target=1',
      how: 'with a log of 65 MiB, where `max_log_size` is 64',
      message: 'The body is larger than 67108864 bytes.',
    },
  },
  PACKAGE_INVALID: {
    status: 400,
    meaning: 'The body is not a package that pacman could install.',
    hint: 'Publish an archive made by makepkg, whole and unchanged.',
    example: {
      sent: 'POST /vieter/publish',
      how: 'with a text file',
      message: 'The file is neither a tar archive nor a compressed one.',
    },
  },
  SIGNATURE_INVALID: {
    status: 400,
    meaning: 'The header `X-Signature` is not the detached OpenPGP signature of a package.',
    hint: 'Send the file that `makepkg --sign` writes: `X-Signature: $(base64 -w0 FILE.sig)`. `gpg --dearmor` makes it of an armored one.',
    example: {
      sent: 'POST /vieter/publish',
      how: 'with `X-Signature` made of an armored signature',
      message: 'The signature is armored text, not the binary one.',
    },
  },
  PACKAGE_TOO_LARGE: {
    status: 400,
    meaning: 'The package, or something in it, is larger than the server takes.',
    hint: 'Raise `max_package_size` on the server.',
    example: {
      sent: 'POST /vieter/publish',
      how: 'with a larger package, where `max_package_size` is 1',
      message: 'The package is larger than the 1 MiB that this server takes.',
    },
  },
  PACKAGE_EXISTS: {
    status: 409,
    meaning: 'This version of the package was already published with other bytes.',
    hint: 'Raise pkgrel and build again, since pacman would call the file in its cache corrupted, or see no update; or publish with `?replace=true` to replace it all the same.',
    example: {
      sent: 'POST /vieter/publish',
      how: 'with hello 1.0-1, built once more',
      message: 'Another file was published as hello-1.0-1-x86_64.pkg.tar.zst already (its sha256 is …).',
    },
  },
  PACKAGE_DOWNGRADE: {
    status: 409,
    meaning: 'The repository holds a higher version of this package.',
    hint: 'Raise the epoch, so that clients take it for an update; or publish with `?force=true`, and clients keep what they have; `vieter repos config REPO downgrade=allow` always takes it.',
    example: {
      sent: 'POST /vieter/publish',
      how: 'with hello 0.9-1 after hello 1.0-1',
      message: 'x86_64 holds hello 1.0-1, which is higher than 0.9-1.',
    },
  },
  ARCHITECTURE_REFUSED: {
    status: 409,
    meaning: 'The repository does not have the architecture of this package.',
    hint: 'Add it to the list: `vieter repos config REPO archs=…`; or let each architecture in with `archs=open`.',
    example: {
      sent: 'POST /vieter/publish',
      how: 'with a package for aarch64, where `archs` is x86_64',
      message: 'hello-1.0-1-aarch64.pkg.tar.zst is for aarch64, but the repository has x86_64 alone.',
    },
  },
  OFFICIAL_NAME: {
    status: 409,
    meaning:
      'An official repository has a package of this name, or of one that this package says to replace.',
    hint: 'Rename the package; or let it in with `vieter repos config REPO official_names=warn`.',
    example: {
      sent: 'POST /vieter/publish',
      how: 'with a package that is named like one of core, where `official_names` is `refuse`',
      message: 'glibc is the name of a package in core.',
    },
  },
  PACKAGE_TWICE: {
    status: 409,
    meaning: 'Two packages of one publication are for the same place in a database.',
    hint: 'Publish one of them, or one after the other.',
    example: {
      sent: 'POST /api/v1/publications/1/packages',
      how: 'with hello 2.0-1 after hello 1.0-1',
      message: 'The package hello is in the publication already, as hello-1.0-1-x86_64.pkg.tar.zst.',
    },
  },
  PUBLICATION_NOT_FOUND: {
    status: 404,
    meaning: 'There is no publication with this id: it was thrown away, or nothing came to it for too long.',
    hint: 'Open another one, and send all packages again.',
    example: {
      sent: 'POST /api/v1/publications/99/commit',
      message:
        'There is no publication with this id: it was thrown away, or nothing came to it for too long.',
    },
  },
  PUBLICATION_EMPTY: {
    status: 409,
    meaning: 'No package was uploaded to this publication.',
    hint: 'Upload what is to be published, then commit it.',
    example: {
      sent: 'POST /api/v1/publications/1/commit',
      how: 'before any package',
      message: 'No package was uploaded to this publication.',
    },
  },
  PUBLICATION_COMMITTED: {
    status: 409,
    meaning: 'The publication was committed: it takes no more packages, and cannot be thrown away.',
    hint: 'Open another one for more packages; remove what should not have been published.',
    example: {
      sent: 'DELETE /api/v1/publications/1',
      how: 'after its commit',
      message: 'The publication was committed: it takes no more packages, and cannot be thrown away.',
    },
  },
  LEASE_LOST: {
    status: 409,
    meaning: 'The lease on this job has expired, was given to another agent, or has ended.',
    hint: 'Stop this build; the job is or was built elsewhere.',
    example: {
      sent: 'POST /api/v1/jobs/1/extend',
      how: 'with `X-Lease-Token: old`',
      message: 'The lease on this job has expired, was given to another agent, or has ended.',
    },
  },
  LOG_OFFSET_MISMATCH: {
    status: 409,
    meaning: 'The log does not end where this piece of it begins.',
    hint: 'Go on from the size that the message names.',
    example: {
      sent: 'POST /api/v1/jobs/1/log?offset=10',
      how: 'as the first piece',
      message: 'The log has 0 bytes; this piece begins at 10.',
    },
  },
  STORAGE_FULL: {
    status: 507,
    meaning: 'The server has no room left to store this.',
    hint: 'Free some disk space on the server, then send it again.',
    example: {
      sent: 'POST /vieter/publish',
      how: 'where the disk has less than `disk_reserve` free',
      message:
        'The server keeps the last … MiB of its disk free, and the package does not fit in what is left.',
    },
  },
  SHUTTING_DOWN: {
    status: 503,
    meaning: 'The server is stopping.',
    hint: 'Try again in a moment.',
    example: {
      sent: 'GET /health',
      how: 'while the server ends what is under way',
      message: 'The server is stopping.',
    },
  },
  INTERNAL: {
    status: 500,
    meaning: 'Something failed inside the server.',
    hint: 'The server’s log tells more under the id of this request.',
    example: {
      sent: 'GET /api/v1/targets',
      how: 'from a server whose store is damaged',
      message: 'Something failed inside the server.',
    },
  },
  CONFIGURATION_INVALID: {
    status: 0,
    meaning: 'A setting is unknown or has a value that cannot be used.',
    hint: 'See docs/reference/configuration.md for all settings.',
    example: {
      sent: 'vieter targets list',
      how: 'without a key',
      message: 'No API key is given, and the server asks for it.',
    },
  },
  DATA_TOO_NEW: {
    status: 0,
    meaning: 'The data folder was written by a newer Vieter than this one.',
    hint: 'Start the newer Vieter, or restore a backup made by this one.',
    example: {
      sent: 'vieter server',
      how: 'on data that a newer one has written',
      message: 'The data was written by a newer Vieter: it knows the migrations ….',
    },
  },
  DATA_TOO_OLD: {
    status: 0,
    meaning: 'The data folder was written by an older Vieter than this one.',
    hint: 'Start the server of this version on it once: it brings the data up to date.',
    example: {
      sent: 'vieter check',
      how: 'on data that no server of this version was started on',
      message: 'The data folder was written by an older Vieter than this one.',
    },
  },
  DATA_IN_USE: {
    status: 0,
    meaning: 'Another server uses the data folder.',
    hint: 'Stop the other server, or set `data_dir` to another folder.',
    example: {
      sent: 'vieter server',
      how: 'beside one that runs on the same data',
      message: 'Another server uses ….',
    },
  },
  DATA_NOT_FOUND: {
    status: 0,
    meaning: 'The data folder holds no data of a server.',
    hint: 'Check `data_dir`: a relative one counts from the current folder.',
    example: {
      sent: 'vieter check',
      how: 'where there is no data',
      message: '… holds no data of a Vieter server.',
    },
  },
  DATA_DAMAGED: {
    status: 0,
    meaning: 'Something in the data folder, or in a backup, is missing or damaged.',
    hint: 'See what `vieter check` says.',
    example: {
      sent: 'vieter backup folder',
      how: 'of data that lacks a package’s file',
      message: 'The file of … in … is missing.',
    },
  },
  FOLDER_REFUSED: {
    status: 0,
    meaning: 'The folder that was named cannot be used for this.',
    hint: 'Name another folder.',
    example: {
      sent: 'vieter backup folder',
      how: 'that holds something else',
      message: '… is there already, and it is not empty.',
    },
  },
  FOLDER_IN_USE: {
    status: 0,
    meaning: 'Another run writes to the same folder.',
    hint: 'Wait until it has ended.',
    example: {
      sent: 'vieter mirror export folder',
      how: 'while another one writes there',
      message: 'Another export into … is running.',
    },
  },
  ADDRESS_IN_USE: {
    status: 0,
    meaning: 'Another program listens on the address already.',
    hint: 'Stop it, or set `port` to another number.',
    example: {
      sent: 'vieter server',
      how: 'beside a program on its port',
      message: 'Another program listens on … already.',
    },
  },
  SERVER_UNREACHABLE: {
    status: 0,
    meaning: 'The server does not answer.',
    hint: 'Check `address`, and that the server is running.',
    example: {
      sent: 'vieter targets list',
      how: 'where nothing listens',
      message: 'The server at … does not answer: ….',
    },
  },
  ANSWER_INVALID: {
    status: 0,
    meaning: 'What answers at the address does not speak like a Vieter server.',
    hint: 'Check `address`, and proxies between here and the server.',
    example: {
      sent: 'vieter targets list',
      how: 'with the address of another program',
      message: "The server's answer is not JSON.",
    },
  },
  ENGINE_UNREACHABLE: {
    status: 0,
    meaning: 'No container engine answers.',
    hint: 'Start Docker or Podman’s service, or set `engine_socket` to its socket.',
    example: {
      sent: 'vieter targets build 1',
      how: 'on a machine without Docker',
      message: 'No container engine answers at …: ….',
    },
  },
  BUILD_FAILED: {
    status: 0,
    meaning: 'The build ended with a failure.',
    hint: 'The log tells what went wrong.',
    example: {
      sent: 'vieter targets build 1',
      how: 'of a PKGBUILD that fails',
      message: 'The build of target 1 ended with exit code ….',
    },
  },
} as const satisfies Record<string, ErrorEntry>

/** A stable name of a kind of error. */
export type ErrorCode = keyof typeof errorTable
