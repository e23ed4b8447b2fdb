import { type Setting, settings } from './settings.ts'

/** The reference of all settings as Markdown, printed from the schema into docs/reference/configuration.md. */
export function formatSettingsReference(): string {
  return Object.entries<Setting>(settings)
    .map(([name, setting]) => formatSetting(name, setting))
    .join('\n')
}

function formatSetting(name: string, setting: Setting): string {
  const facts = [
    `- Read by: ${setting.readBy.join(', ')}`,
    `- Type: ${formatType(setting)}`,
    ...(setting.default === undefined ? [] : [`- Default: \`${setting.default}\``]),
    `- Environment: \`VIETER_${name.toUpperCase()}\``,
    ...(setting.laboratory ? ['- **For laboratories only.**'] : []),
  ]
  return `### \`${name}\`\n\n${setting.description}\n\n${facts.join('\n')}\n`
}

function formatType(setting: Setting): string {
  if (setting.type === 'integer') {
    return `whole number from ${setting.min} to ${setting.max}${setting.unit ? ` (${setting.unit})` : ''}`
  }
  if (setting.type === 'text' && setting.choices) return `one of ${setting.choices.join(', ')}`
  if (setting.type === 'text' && setting.patternHint) return setting.patternHint
  return setting.type
}
