import { nextRun, parseSchedule } from '@vieter/api'
import type { Settings } from '@vieter/config'

type Timing = Pick<Settings, 'global_schedule' | 'time_zone' | 'schedule_jitter'>

/** When a schedule comes due after a time; both UTC epoch seconds. */
export function nextTickOf(
  schedule: string,
  after: number,
  { time_zone }: Pick<Settings, 'time_zone'>,
): number {
  return Math.floor(nextRun(parseSchedule(schedule), new Date(after * 1000), time_zone).getTime() / 1000)
}

/** When a target comes due after a time; both UTC epoch seconds. It lives by a clock that is its delay behind. */
export function nextRunOf(
  { id, schedule }: { id: number; schedule: string },
  after: number,
  timing: Timing,
): number {
  const delay = delayOf(id, timing.schedule_jitter)
  return nextTickOf(schedule || timing.global_schedule, after - delay, timing) + delay
}

/** The whole part of the golden ratio left out: its multiples fall evenly between 0 and 1, however many there are. */
const goldenFraction = (Math.sqrt(5) - 1) / 2

/** How long after its schedule a target comes due, from 0 to `jitter`, both in seconds: of one target always the same. */
function delayOf(id: number, jitter: number): number {
  return Math.floor(((id * goldenFraction) % 1) * (jitter + 1))
}
