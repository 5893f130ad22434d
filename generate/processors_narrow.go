package generate

import "context"

// The processors that narrow the choice by the probabilities of the logits as they
// stand, before a temperature. As fields of [Sampling] they come behind it.

// TopNSigma is a [Processor] that rules out the tokens that [Sampling.TopNSigma] leaves out.
type TopNSigma float64

// Process implements Processor.
func (n TopNSigma) Process(_ []int, logits []float32) error {
	return narrow(&Sampling{TopNSigma: float64(n)}, logits)
}

// TypicalP is a [Processor] that rules out the tokens that [Sampling.TypicalP] leaves
// out: transformers' TypicalLogitsWarper.
type TypicalP float64

// Process implements Processor.
func (p TypicalP) Process(_ []int, logits []float32) error {
	return narrow(&Sampling{TypicalP: float64(p)}, logits)
}

// EpsilonCutoff is a [Processor] that rules out the tokens that [Sampling.EpsilonCutoff]
// leaves out: transformers' EpsilonLogitsWarper.
type EpsilonCutoff float64

// Process implements Processor.
func (e EpsilonCutoff) Process(_ []int, logits []float32) error {
	return narrow(&Sampling{EpsilonCutoff: float64(e)}, logits)
}

// EtaCutoff is a [Processor] that rules out the tokens that [Sampling.EtaCutoff] leaves
// out: transformers' EtaLogitsWarper.
type EtaCutoff float64

// Process implements Processor.
func (e EtaCutoff) Process(_ []int, logits []float32) error {
	return narrow(&Sampling{EtaCutoff: float64(e)}, logits)
}

// narrow rules out the tokens that a sampler would not choose.
func narrow(s *Sampling, logits []float32) error {
	if err := s.validate(0); err != nil {
		return prefixed(err)
	}
	cands, _, err := newSampler(s, 0).distribution(context.Background(), logits)
	if err != nil {
		return err
	}
	fill(logits, ruledOut)
	for i := range cands {
		logits[cands[i].id] = cands[i].logit
	}
	return nil
}
