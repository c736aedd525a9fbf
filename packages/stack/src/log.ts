// Where the stack reports what it is doing. In: sentences for a person. A pino log fits, and so does a plain object in a test.

export interface StackLog {
  info(message: string): void;
  warn(message: string): void;
}
