package generate

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Sampler chooses the next token. Logits has an element for each token of the
// vocabulary; it may be changed and is valid until Sample returns. A Sampler
// serves one stream at a time.
type Sampler interface {
	Sample(logits []float32) (id int, err error)
}

// Processor changes the logits of a step before a token is chosen. Ids are the
// tokens of the prompt and of the answer so far; both slices are valid until
// Process returns and ids must not be changed. A logit of -Inf rules a token
// out.
type Processor interface {
	Process(ids []int, logits []float32) error
}

// NewSampler returns the built-in sampler: temperature, top-k, top-p and min-p
// in this order, and a draw from what they leave. The repetition penalty is not
// its part; see [RepetitionPenalty]. A nil s is greedy.
func NewSampler(s *Sampling) (Sampler, error) {
	if s == nil {
		return greedy{}, nil
	}
	if err := s.validate(); err != nil {
		return nil, err
	}
	if s.Temperature == 0 {
		return greedy{}, nil
	}
	return newSampler(s, seedOf(s)), nil
}

// pcgStream is the second word of the generator's seed: the golden ratio's
// fraction, for a state that is not sparse when the seed is a small number.
const pcgStream = 0x9e3779b97f4a7c15

func newSampler(s *Sampling, seed uint64) *sampler {
	return &sampler{s: *s, rng: rand.New(rand.NewPCG(seed, pcgStream))}
}

type greedy struct{}

// Sample returns the likeliest token, the first of several.
func (greedy) Sample(logits []float32) (int, error) { return argmax(logits), nil }

// argmax returns the index of the greatest element, the first of equals.
func argmax(x []float32) int {
	best := 0
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return best
}

// sampler draws from the distribution that its settings leave. Its buffers are
// reused from step to step.
type sampler struct {
	s       Sampling
	rng     *rand.Rand
	scratch []float32
	cands   []candidate
}

type candidate struct {
	id    int
	logit float32
	p     float64 // unnormalised
}

// Sample implements Sampler.
func (s *sampler) Sample(logits []float32) (int, error) {
	return s.sample(context.Background(), logits)
}

// sample is Sample under a context: over a large vocabulary it takes longer than
// a cancelled caller should wait.
func (s *sampler) sample(ctx context.Context, logits []float32) (int, error) {
	cands, sum, err := s.distribution(ctx, logits)
	if err != nil {
		return 0, err
	}
	if len(cands) == 0 || !(sum > 0) {
		return 0, fmt.Errorf("%w: no token is left to choose from", ErrNonFinite)
	}
	at := s.rng.Float64() * sum
	for i := range cands {
		if at -= cands[i].p; at < 0 {
			return cands[i].id, nil
		}
	}
	// Rounding of the sum can leave a remainder; it belongs to the last one.
	return cands[len(cands)-1].id, nil
}

// coldest is the temperature below which logits are divided as distances from
// the greatest: a quotient of the logits themselves could leave a float32.
const coldest = 1e-6

// temper divides the logits by the temperature.
func (s *sampler) temper(logits []float32) {
	t := s.s.Temperature
	if t > 0 && t < coldest {
		top := logits[argmax(logits)]
		for i, v := range logits {
			logits[i] = float32((float64(v) - float64(top)) / t)
		}
	} else if t := float32(t); t > 0 && t != 1 {
		for i := range logits {
			logits[i] /= t
		}
	}
}

// distribution returns the tokens that may follow with their probabilities
// times sum.
func (s *sampler) distribution(ctx context.Context, logits []float32) (cands []candidate, sum float64, err error) {
	if len(logits) == 0 {
		return nil, 0, nil
	}
	s.temper(logits)
	floor := float32(math.Inf(-1))
	if k := s.s.TopK; k > 0 && k < len(logits) {
		floor = s.kthLargest(logits, k)
	}
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	top := logits[argmax(logits)]
	cands = s.cands[:0]
	for i, v := range logits {
		if v >= floor && v > float32(math.Inf(-1)) {
			p := math.Exp(float64(v) - float64(top))
			cands = append(cands, candidate{id: i, logit: v, p: p})
			sum += p
		}
	}
	s.cands = cands
	if s.s.TopP > 0 && s.s.TopP < 1 {
		if cands, sum, err = nucleus(ctx, cands, s.s.TopP*sum); err != nil {
			return nil, 0, err
		}
	}
	if s.s.MinP > 0 {
		kept := cands[:0]
		sum = 0
		for _, c := range cands {
			// The likeliest has p = 1.
			if c.p >= s.s.MinP {
				kept = append(kept, c)
				sum += c.p
			}
		}
		cands = kept
	}
	return cands, sum, ctx.Err()
}

// nucleus moves the likeliest candidates to the front, in falling order, until
// their sum reaches limit, and returns them. A heap finds them without sorting
// the whole vocabulary.
func nucleus(ctx context.Context, cands []candidate, limit float64) ([]candidate, float64, error) {
	n := len(cands)
	for i := n/2 - 1; i >= 0; i-- {
		if i%nucleusStride == 0 {
			if err := ctx.Err(); err != nil {
				return nil, 0, err
			}
		}
		siftDown(cands, i, n)
	}
	var sum float64
	for n > 0 {
		if n%nucleusStride == 0 {
			if err := ctx.Err(); err != nil {
				return nil, 0, err
			}
		}
		n--
		cands[0], cands[n] = cands[n], cands[0]
		siftDown(cands, 0, n)
		if sum += cands[n].p; sum >= limit {
			break
		}
	}
	out := cands[n:]
	slices.Reverse(out)
	return out, sum, nil
}

// nucleusStride is the number of candidates between two looks at the context.
const nucleusStride = 4096

// siftDown restores the heap of the likeliest-first order over cands[:n].
func siftDown(cands []candidate, i, n int) {
	for {
		child := 2*i + 1
		if child >= n {
			return
		}
		if child+1 < n && likelier(&cands[child+1], &cands[child]) {
			child++
		}
		if !likelier(&cands[child], &cands[i]) {
			return
		}
		cands[i], cands[child] = cands[child], cands[i]
		i = child
	}
}

// likelier orders candidates by falling logit, equal ones by rising id.
func likelier(a, b *candidate) bool {
	if a.logit != b.logit {
		return a.logit > b.logit
	}
	return a.id < b.id
}

// heapK is the greatest k for which a heap of the k largest, which one pass
// over the vocabulary seldom changes, is quicker than a selection.
const heapK = 1024

// kthLargest returns the k-th largest of x, k from 1 to len(x).
func (s *sampler) kthLargest(x []float32, k int) float32 {
	if k > heapK {
		s.scratch = append(s.scratch[:0], x...)
		return selectLargest(s.scratch, k)
	}
	s.scratch = append(s.scratch[:0], x[:k]...)
	heap := s.scratch // the least of the k largest first
	for i := k/2 - 1; i >= 0; i-- {
		sinkLeast(heap, i)
	}
	for _, v := range x[k:] {
		if v > heap[0] {
			heap[0] = v
			sinkLeast(heap, 0)
		}
	}
	return heap[0]
}

// sinkLeast restores the order of a heap whose least element is the first.
func sinkLeast(heap []float32, i int) {
	for {
		child := 2*i + 1
		if child >= len(heap) {
			return
		}
		if child+1 < len(heap) && heap[child+1] < heap[child] {
			child++
		}
		if heap[child] >= heap[i] {
			return
		}
		heap[i], heap[child] = heap[child], heap[i]
		i = child
	}
}

// selectLargest returns the k-th largest element, k from 1; it reorders x. It
// is Hoare's selection with the middle element as pivot.
func selectLargest(x []float32, k int) float32 {
	lo, hi, want := 0, len(x)-1, k-1
	for lo < hi {
		pivot := x[lo+(hi-lo)/2]
		i, j := lo, hi
		for i <= j {
			for x[i] > pivot {
				i++
			}
			for x[j] < pivot {
				j--
			}
			if i <= j {
				x[i], x[j] = x[j], x[i]
				i++
				j--
			}
		}
		switch {
		case want <= j:
			hi = j
		case want >= i:
			lo = i
		default:
			return x[want]
		}
	}
	return x[want]
}

// RepetitionPenalty is a [Processor] that makes the tokens of the prompt and of
// the answer so far less likely: their positive logits are divided by the
// penalty and their negative ones multiplied. It is the definition of Keskar et
// al., "CTRL" (2019), as Hugging Face applies it.
type RepetitionPenalty float64

// Process implements Processor.
func (r RepetitionPenalty) Process(ids []int, logits []float32) error {
	seen := make(map[int]struct{}, len(ids))
	for _, id := range ids {
		if _, ok := seen[id]; !ok && id >= 0 && id < len(logits) {
			seen[id] = struct{}{}
			logits[id] = penalise(logits[id], float32(r))
		}
	}
	return nil
}

func penalise(logit, penalty float32) float32 {
	if logit < 0 {
		return logit * penalty
	}
	return logit / penalty
}
