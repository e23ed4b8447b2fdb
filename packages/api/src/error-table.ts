/** What a code means: the HTTP status it answers with (0: never sent over HTTP), its meaning, and what to do about it. */
interface ErrorEntry {
  status: number
  meaning: string
  hint: string
}

/**
 * Every error that Vieter reports, by its stable code. `docs/reference/errors.md` is printed from this table.
 * The hint is the default one; where the fault is known more closely an error carries a hint of its own.
 */
export const errorTable = {
  UNAUTHORIZED: {
    status: 401,
    meaning: 'The API key is missing or wrong.',
    hint: 'Send the server’s key as `X-Api-Key: KEY` or `Authorization: Bearer KEY`.',
  },
  READ_UNAUTHORIZED: {
    status: 401,
    meaning: 'This repository is private: it is read with a token.',
    hint: 'Write `Server = https://vieter:TOKEN@HOST/$repo/$arch` into pacman.conf; `vieter repos token add REPO NAME` makes a token.',
  },
  ROUTE_NOT_FOUND: {
    status: 404,
    meaning: 'No endpoint answers to this method and path.',
    hint: 'See /api/docs for all endpoints.',
  },
  REPOSITORY_NOT_FOUND: {
    status: 404,
    meaning: 'There is no such repository, or it has no such architecture.',
    hint: 'A repository comes into being when the first package is published to it, or with `vieter repos add`.',
  },
  REPOSITORY_EXISTS: {
    status: 409,
    meaning: 'There is a repository of this name already.',
    hint: 'Change it with `vieter repos config`.',
  },
  TOKEN_NOT_FOUND: {
    status: 404,
    meaning: 'The repository has no token with this id.',
    hint: 'List its tokens with `vieter repos token list REPO`.',
  },
  TOKEN_EXISTS: {
    status: 409,
    meaning: 'The repository has a token of this name already.',
    hint: 'Give another name, or revoke the token first with `vieter repos token remove`.',
  },
  NAME_LIST_NOT_FOUND: {
    status: 404,
    meaning: 'There is no such list of official names.',
    hint: 'List them with `vieter repos names list`.',
  },
  DATABASE_INVALID: {
    status: 400,
    meaning: 'The body is not a pacman database.',
    hint: 'Send a database as pacman keeps it, for instance /var/lib/pacman/sync/core.db.',
  },
  PACKAGE_NOT_FOUND: {
    status: 404,
    meaning: 'The repository holds no such package for this architecture.',
    hint: 'Check the spelling, the architecture, and that the package was published.',
  },
  FILE_NOT_FOUND: {
    status: 404,
    meaning: 'The repository serves no file of this name.',
    hint: 'The databases are REPO.db and REPO.files; packages are served under their file names.',
  },
  METADATA_INVALID: {
    status: 422,
    meaning: 'A file in which the package speaks of itself cannot be read.',
    hint: 'Fetch the package and look at it with `bsdtar`; pacman installs it all the same.',
  },
  TARGET_NOT_FOUND: {
    status: 404,
    meaning: 'There is no target with this id.',
    hint: 'List the targets with `vieter targets list`.',
  },
  JOB_NOT_FOUND: {
    status: 404,
    meaning: 'There is no job with this id.',
    hint: 'The job may have ended; its log tells how.',
  },
  JOB_RUNNING: {
    status: 409,
    meaning: 'A build of this target for this architecture is running already.',
    hint: 'Wait until it has ended; `vieter logs list` shows it then.',
  },
  LOG_NOT_FOUND: {
    status: 404,
    meaning: 'There is no log with this id.',
    hint: 'List the logs with `vieter logs list`.',
  },
  PARAMETER_MISSING: {
    status: 400,
    meaning: 'A required parameter was not given.',
    hint: 'Give the parameter that the message names.',
  },
  PARAMETER_INVALID: {
    status: 400,
    meaning: 'A parameter has a value that cannot be used.',
    hint: 'Correct the parameter that the message names.',
  },
  REPOSITORY_NAME_INVALID: {
    status: 400,
    meaning: 'This name cannot be used for a repository.',
    hint: 'Use letters, digits, dot, dash, plus and underscore; begin with a letter, a digit or an underscore; at most 64 characters.',
  },
  SCHEDULE_INVALID: {
    status: 400,
    meaning: 'The schedule cannot be read, or would never come due.',
    hint: 'Write `minute hour [day [month]]`, for instance `0 3` for every day at 03:00. `vieter schedule` shows the next times.',
  },
  SOURCE_INVALID: {
    status: 400,
    meaning: 'The source of a target is not one that may be built.',
    hint: 'Git targets take http, https, ssh and git addresses; url targets take http and https.',
  },
  LENGTH_REQUIRED: {
    status: 411,
    meaning: 'The request has neither a Content-Length nor chunked transfer coding.',
    hint: 'Send the package as the request body, for instance with `curl -XPOST -T FILE`.',
  },
  BODY_INVALID: {
    status: 400,
    meaning: 'The request body ended early or cannot be read.',
    hint: 'Send the request again, whole.',
  },
  BODY_TOO_LARGE: {
    status: 413,
    meaning: 'The request body is larger than this endpoint takes.',
    hint: 'Send less at once.',
  },
  PACKAGE_INVALID: {
    status: 400,
    meaning: 'The body is not a package that pacman could install.',
    hint: 'Publish an archive made by makepkg, whole and unchanged.',
  },
  SIGNATURE_INVALID: {
    status: 400,
    meaning: 'The header `X-Signature` is not the detached OpenPGP signature of a package.',
    hint: 'Send the file that `makepkg --sign` writes: `X-Signature: $(base64 -w0 FILE.sig)`. `gpg --dearmor` makes it of an armored one.',
  },
  PACKAGE_TOO_LARGE: {
    status: 400,
    meaning: 'The package, or something in it, is larger than the server takes.',
    hint: 'Raise `max_package_size` on the server.',
  },
  PACKAGE_EXISTS: {
    status: 409,
    meaning: 'This version of the package was already published with other bytes.',
    hint: 'Raise pkgrel and build again, since pacman would call the file in its cache corrupted, or see no update; or publish with `?replace=true` to replace it all the same.',
  },
  PACKAGE_DOWNGRADE: {
    status: 409,
    meaning: 'The repository holds a higher version of this package.',
    hint: 'Raise the epoch, so that clients take it for an update; or publish with `?force=true`, and clients keep what they have; `vieter repos config REPO downgrade=allow` always takes it.',
  },
  ARCHITECTURE_REFUSED: {
    status: 409,
    meaning: 'The repository does not have the architecture of this package.',
    hint: 'Add it to the list: `vieter repos config REPO archs=…`; or let each architecture in with `archs=open`.',
  },
  OFFICIAL_NAME: {
    status: 409,
    meaning:
      'An official repository has a package of this name, or of one that this package says to replace.',
    hint: 'Rename the package; or let it in with `vieter repos config REPO official_names=warn`.',
  },
  LEASE_LOST: {
    status: 409,
    meaning: 'The lease on this job has expired, was given to another agent, or has ended.',
    hint: 'Stop this build; the job is or was built elsewhere.',
  },
  LOG_OFFSET_MISMATCH: {
    status: 409,
    meaning: 'The log does not end where this piece of it begins.',
    hint: 'Go on from the size that the message names.',
  },
  STORAGE_FULL: {
    status: 507,
    meaning: 'The server has no room left to store this.',
    hint: 'Free some disk space on the server, then send it again.',
  },
  SHUTTING_DOWN: {
    status: 503,
    meaning: 'The server is stopping.',
    hint: 'Try again in a moment.',
  },
  INTERNAL: {
    status: 500,
    meaning: 'Something failed inside the server.',
    hint: 'The server’s log tells more under the id of this request.',
  },
  CONFIGURATION_INVALID: {
    status: 0,
    meaning: 'A setting is unknown or has a value that cannot be used.',
    hint: 'See docs/reference/configuration.md for all settings.',
  },
  DATA_TOO_NEW: {
    status: 0,
    meaning: 'The data folder was written by a newer Vieter than this one.',
    hint: 'Start the newer Vieter, or restore a backup made by this one.',
  },
  DATA_TOO_OLD: {
    status: 0,
    meaning: 'The data folder was written by an older Vieter than this one.',
    hint: 'Start the server of this version on it once: it brings the data up to date.',
  },
  DATA_IN_USE: {
    status: 0,
    meaning: 'Another server uses the data folder.',
    hint: 'Stop the other server, or set `data_dir` to another folder.',
  },
  DATA_NOT_FOUND: {
    status: 0,
    meaning: 'The data folder holds no data of a server.',
    hint: 'Check `data_dir`: a relative one counts from the current folder.',
  },
  DATA_DAMAGED: {
    status: 0,
    meaning: 'Something in the data folder, or in a backup, is missing or damaged.',
    hint: 'See what `vieter check` says.',
  },
  FOLDER_REFUSED: {
    status: 0,
    meaning: 'The folder that was named cannot be used for this.',
    hint: 'Name another folder.',
  },
  FOLDER_IN_USE: {
    status: 0,
    meaning: 'Another run writes to the same folder.',
    hint: 'Wait until it has ended.',
  },
  ADDRESS_IN_USE: {
    status: 0,
    meaning: 'Another program listens on the address already.',
    hint: 'Stop it, or set `port` to another number.',
  },
  SERVER_UNREACHABLE: {
    status: 0,
    meaning: 'The server does not answer.',
    hint: 'Check `address`, and that the server is running.',
  },
  ANSWER_INVALID: {
    status: 0,
    meaning: 'What answers at the address does not speak like a Vieter server.',
    hint: 'Check `address`, and proxies between here and the server.',
  },
  ENGINE_UNREACHABLE: {
    status: 0,
    meaning: 'No container engine answers.',
    hint: 'Start Docker or Podman’s service, or set `engine_socket` to its socket.',
  },
  BUILD_FAILED: {
    status: 0,
    meaning: 'The build ended with a failure.',
    hint: 'The log tells what went wrong.',
  },
} as const satisfies Record<string, ErrorEntry>

/** A stable name of a kind of error. */
export type ErrorCode = keyof typeof errorTable
