import { wholeNumber } from './whole-number';

const NAME = 'METALS_TEST_NUMBER';
afterEach(() => {
  delete process.env[NAME];
});

test.each(['abc', '', '0', '-1', '2.5', '1e3', '99999999999999999999'])(
  '"%s" is refused, with what is expected',
  (text) => {
    process.env[NAME] = text;
    expect(() => wholeNumber(NAME, 12, 1)).toThrow(`${NAME} is "${text}", expected a whole number of at least 1`);
  },
);

test('what is given counts, else the fallback', () => {
  expect(wholeNumber(NAME, 12, 1)).toBe(12);
  process.env[NAME] = '100';
  expect(wholeNumber(NAME, 12, 1)).toBe(100);
});
