/** A report in the server's format (WSJF), as short as the server takes it. */

/** One unit under test with its measurements. `result` is 'P' or 'F'. */
export function unitReport({
  partNumber,
  revision,
  serialNumber,
  operation,
  station,
  startedAt,
  result,
  seconds,
  steps,
}) {
  return {
    type: 'T',
    pn: partNumber,
    rev: revision,
    sn: serialNumber,
    processCode: operation,
    result,
    machineName: station,
    location: 'Demo line',
    purpose: 'Production',
    start: startedAt,
    uut: { user: 'demo', execTime: seconds },
    root: { stepType: 'SequenceCall', name: 'MainSequence', group: 'M', status: result, steps },
  };
}

/** One measured value. Without limits it is only logged. */
export function measurement({ name, value, unit, low, high, passed }) {
  const limits =
    low === undefined || high === undefined ? { compOp: 'LOG' } : { compOp: 'GELE', lowLimit: low, highLimit: high };
  const status = passed ? 'P' : 'F';
  return { stepType: 'ET_NLT', name, group: 'M', status, numericMeas: [{ ...limits, value, unit, status }] };
}
