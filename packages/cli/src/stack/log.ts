// Where the stack tells what it is doing. In: sentences for a person. A pino log fits, so does a plain object in a test.

export interface StackLog {
  info(message: string): void;
  warn(message: string): void;
}
