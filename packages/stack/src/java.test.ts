import { expect, test } from 'vitest';
import { findJava, javaMajor } from './java.ts';

test('the major version is read from what every JVM prints', () => {
  expect(javaMajor('openjdk version "17.0.15" 2025-04-15')).toBe(17);
  expect(javaMajor('java version "1.8.0_292"')).toBe(8);
  expect(javaMajor('openjdk version "25-ea" 2025-09-16')).toBe(25);
  expect(javaMajor('The operation couldn’t be completed. Unable to locate a Java Runtime.')).toBeNull();
});

test('no Java is an error that says what to install', async () => {
  await expect(findJava({ PATH: '/nowhere' })).rejects.toMatchObject({
    code: 'ENGINE_JAVA_MISSING',
    hint: expect.stringContaining('Docker'),
  });
});
