import { BSON, type Document } from 'mongodb';
import { FinalError } from './final-error';

/** Every number keeps its type: 1850 as a double does not become an integer. */
const EXACT: BSON.DeserializeOptions = {
  promoteValues: false,
  promoteLongs: false,
  promoteBuffers: false,
  bsonRegExp: true,
};

/**
 * A document that is written as the same bytes that it was read as. The driver has no way to send on what it received, and
 * JavaScript puts keys such as "1" before others, so each is compared.
 *
 * @throws FinalError where JavaScript cannot hold it
 */
export function exactDocument(raw: Uint8Array): Document {
  const document = BSON.deserialize(raw, EXACT);
  if (Buffer.compare(BSON.serialize(document), raw) === 0) return document;
  throw new FinalError(
    `document ${JSON.stringify(document._id)} cannot be copied byte for byte, and was not made by the processor: ` +
      'copy it with mongodump and mongorestore, or delete it, then copy again',
  );
}
