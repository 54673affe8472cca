type Task = () => unknown;

const tasks: Task[] = [];

/** Registers a task that `cleanUp` runs, whether the test passes or fails. */
export function onCleanUp(task: Task): void {
  tasks.push(task);
}

/** For `afterEach` or `afterAll`: runs all tasks, the latest first, even if some fail. */
export async function cleanUp(): Promise<void> {
  const errors: unknown[] = [];
  for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
    try {
      await task();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, 'cleaning up failed');
}
