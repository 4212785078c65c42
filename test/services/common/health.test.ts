import { decideHealth } from '../../../services/common/health';

const well = { everReady: true, problems: [], stuck: undefined, stopping: false };

describe('decideHealth', () => {
  test('is unhealthy until first connected, so that a wrong password does not roll out', () => {
    const facts = { ...well, everReady: false, problems: ['Kafka: SASL authentication failed'] };
    expect(decideHealth(facts)).toEqual({
      status: 'starting',
      reasons: ['Kafka: SASL authentication failed'],
      httpStatus: 503,
    });
  });

  test('is only degraded when a dependency goes away later: a restart would not help', () => {
    expect(decideHealth({ ...well, problems: ['MongoDB: away'] })).toEqual({
      status: 'degraded',
      reasons: ['MongoDB: away'],
      httpStatus: 200,
    });
  });

  test('is unhealthy when stuck, also before and while stopping', () => {
    for (const facts of [well, { ...well, everReady: false }, { ...well, stopping: true }]) {
      const health = decideHealth({ ...facts, stuck: 'a send is under way for 200000 ms' });
      expect(health).toMatchObject({ status: 'stuck', httpStatus: 503 });
    }
  });

  test('stays up while draining', () => {
    expect(decideHealth({ ...well, stopping: true })).toMatchObject({ status: 'stopping', httpStatus: 200 });
  });

  test('is healthy otherwise', () => {
    expect(decideHealth(well)).toEqual({ status: 'healthy', reasons: [], httpStatus: 200 });
  });
});
