type Task = () => unknown;

const tasks: Task[] = [];

/** What must be undone however the test ends: processes killed, directories removed, sockets closed. */
export function onCleanUp(task: Task): void {
  tasks.push(task);
}

/** For `afterEach` or `afterAll`: undoes the latest first, each even when another one fails. */
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
