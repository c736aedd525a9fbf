// Makes a process end when the one that started it ends, however that ends: SIGKILL included. In: a standard input that is a pipe from
// the parent, which writes nothing into it. Out: when the pipe closes, this process stops in order, as on SIGTERM. Without this the
// services of a killed `fxtape up` would go on and keep the lock of the tape.

/** An orderly stop takes 10 s at most. */
const LAST_MS = 15_000;

/** Call once, before the process does its work. */
export function endWithParent(): void {
  let ending = false;
  const end = (): void => {
    if (ending) return;
    ending = true;
    process.kill(process.pid, 'SIGTERM');
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), LAST_MS).unref();
  };
  process.stdin.on('end', end).on('close', end).on('error', end);
  process.stdin.resume();
  // The pipe is watched for as long as the process lives; it does not make it live longer.
  process.stdin.unref();
}
