import { decideHealth, type HealthFacts } from '../../../services/common/health';
import { STATES, type Finding } from '../../../services/common/health-states';

const well: HealthFacts = { everReady: true, findings: [], stuck: undefined, stopping: false };
const away: Finding = { state: 'mongodb-unusable', detail: 'MongoDB: away' };
const awayReason = `MongoDB: away; next: ${STATES['mongodb-unusable'].next}`;

describe('decideHealth', () => {
  test('is unhealthy until first connected, so that a wrong password does not roll out', () => {
    const detail = 'Kafka: SASL authentication failed';
    expect(decideHealth({ ...well, everReady: false, findings: [{ state: 'kafka-unusable', detail }] })).toEqual({
      status: 'starting',
      reasons: [`${detail}; next: ${STATES['kafka-unusable'].next}`],
      states: ['kafka-unusable'],
      httpStatus: 503,
    });
  });

  test('is only degraded when a dependency goes away later: a restart would not help', () => {
    expect(decideHealth({ ...well, findings: [away] })).toEqual({
      status: 'degraded',
      reasons: [awayReason],
      states: ['mongodb-unusable'],
      httpStatus: 200,
    });
  });

  test('says everything once, and two reasons for one state', () => {
    const other: Finding = { ...away, detail: 'MongoDB: slow' };
    const health = decideHealth({ ...well, findings: [away, away, other] });
    expect(health.states).toEqual(['mongodb-unusable']);
    expect(health.reasons).toEqual([awayReason, awayReason.replace('away', 'slow')]);
  });

  test('is unhealthy when stuck, also before and while stopping', () => {
    const stuck: Finding = { state: 'send-stuck', detail: 'a send is under way for 200000 ms' };
    for (const facts of [well, { ...well, everReady: false }, { ...well, stopping: true }]) {
      const health = decideHealth({ ...facts, findings: [away], stuck });
      expect(health).toMatchObject({ status: 'stuck', httpStatus: 503, states: ['send-stuck', 'mongodb-unusable'] });
    }
  });

  test('stays up while draining', () => {
    expect(decideHealth({ ...well, stopping: true })).toMatchObject({ status: 'stopping', httpStatus: 200 });
  });

  test('is healthy otherwise', () => {
    expect(decideHealth(well)).toEqual({ status: 'healthy', reasons: [], states: [], httpStatus: 200 });
  });
});
