/** Answers of EC2: made here, or ministack's with corrections. */
import { editReply, relay } from '../ministack/forward';
import type { Upstream } from '../ministack/upstream';
import type { LabReply, LabRequest } from '../types';

export const NAMESPACE = 'http://ec2.amazonaws.com/doc/2016-11-15/';

export const xmlReply = (body: string): LabReply => ({ status: 200, contentType: 'text/xml', body });

export const forwardEdited = async (
  upstream: Upstream,
  { message, body }: LabRequest,
  edit: (text: string) => string,
): Promise<LabReply> => editReply(await relay(upstream, message, body), edit);
