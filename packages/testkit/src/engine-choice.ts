// Chooses Docker or local binaries for each test server. In: both ways to start it. Out: the started server. FXTAPE_TEST_ENGINES decides; by default
// Docker is used where an engine answers and has the image, otherwise the local binary.
import { testEngines } from './env.ts';
import { dockerAnswers } from './container.ts';

export async function inDockerOrLocal<T>(
  title: string,
  ways: { docker: () => Promise<T>; local: () => Promise<T> },
): Promise<T> {
  const wanted = testEngines();
  if (wanted === 'docker') return ways.docker();
  if (wanted === 'auto' && (await dockerAnswers())) {
    try {
      return await ways.docker();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      engineLog.warn(`${title} does not start in Docker (${why}); using the local binary`);
    }
  }
  return ways.local();
}

/** Logs what takes time, next to the reporter's output. */
export const engineLog = {
  info: (message: string) => void process.stderr.write(`${message}\n`),
  warn: (message: string) => void process.stderr.write(`${message}\n`),
};
