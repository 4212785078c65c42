import { seatOf, slotNames } from '../../lib/slots';

it('names managers before workers', () => {
  expect(slotNames({ managers: 3, workers: 2 })).toEqual([
    'manager-1',
    'manager-2',
    'manager-3',
    'worker-1',
    'worker-2',
  ]);
});

it('gives each slot a subnet in turn, and an address that no other has', () => {
  expect(seatOf('manager-1', 3)).toEqual({ role: 'manager', subnetIndex: 0, hostOffset: 11 });
  expect(seatOf('worker-1', 3)).toEqual({ role: 'worker', subnetIndex: 1, hostOffset: 21 });
  expect(seatOf('worker-20', 1)).toEqual({ role: 'worker', subnetIndex: 0, hostOffset: 40 });
  const seats = slotNames({ managers: 7, workers: 20 }).map((slot) => {
    const { subnetIndex, hostOffset } = seatOf(slot, 2);
    return `${subnetIndex}/${hostOffset}`;
  });
  expect(new Set(seats).size).toBe(27);
});
