export { formatSettingsReference } from './format-reference.ts'
export { loadSettings } from './load-settings.ts'
export { machineArchitecture } from './machine-architecture.ts'
export { type SettingName, type Settings, settings } from './settings.ts'
