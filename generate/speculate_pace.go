package generate

import (
	"math/bits"
	"sync"
	"time"
)

// pace decides how much is drafted in one answer: as much as promises the most tokens in
// the time, by how often drafts were right and by what predictions cost.
type pace struct {
	costs *costs
	// right and wrong count the drafted tokens of each kind, older ones for less.
	right, wrong [1 + matchKinds]float64
	// balance is the time that drafts have gained, less what they have lost, plus a
	// small part of that of all steps: what may be lost in trying.
	balance time.Duration
	now     time.Duration // that the draft that is verified has cost so far
	times   [mostDrafted + 2]time.Duration
	began   bool
}

const (
	// matchKinds is the number of kinds of lookup's drafts, by how much had matched.
	matchKinds = 6
	// memory is the number of drafted tokens of a kind that are remembered, roughly.
	memory = 64
	// triedSteps is how many steps' time may be lost at the beginning, and triedPart the
	// part of the time of each step that may be lost besides.
	triedSteps = 1
	triedPart  = 0.01
	// leastGain is the part of a step that a draft has to promise: less is noise.
	leastGain = 0.1
	// forgets is how fast a kind of draft that is not tried becomes worth another try.
	forgets = 0.98
	// doubtPart is the part of what a block costs that is forgotten with each draft that
	// looks too dear while there is time to lose.
	doubtPart = 64
)

func newPace(c *costs) pace {
	p := pace{costs: c}
	for kind := range p.right {
		// A guess before anything is known, worth four tokens. What has matched far goes
		// on matching.
		chance := 0.7
		if kind > 0 {
			chance = 1 - 1/float64(int(1)<<kind)
		}
		p.right[kind], p.wrong[kind] = 4*chance, 4*(1-chance)
	}
	return p
}

// matchKind returns the kind of a draft of lookup's behind so many tokens that matched:
// of 2 and 3 tokens, of 4 to 7, and so on.
func matchKind(matched int) int { return min(max(bits.Len(uint(matched))-1, 1), matchKinds) }

// followed notes whether a token was as it was drafted. A draft of the model's has kind 0.
func (p *pace) followed(kind int, right bool) {
	if p.right[kind]+p.wrong[kind] > memory {
		p.right[kind] *= 1 - 1.0/memory
		p.wrong[kind] *= 1 - 1.0/memory
	}
	if right {
		p.right[kind]++
	} else {
		p.wrong[kind]++
	}
}

// chance returns the probability that a drafted token is right.
func (p *pace) chance(kind int) float64 { return p.right[kind] / (p.right[kind] + p.wrong[kind]) }

// stepped notes a prediction of one token.
func (p *pace) stepped(took time.Duration) {
	p.costs.note(&p.costs.step, took)
	step := p.costs.stepTime()
	if !p.began {
		p.began, p.balance = true, time.Duration(triedSteps*float64(step))
	}
	p.balance = min(p.balance+time.Duration(triedPart*float64(step)), 8*step)
	// What is known of the draft model ages: it may do better further on.
	if p.chance(0) < 0.7 {
		p.right[0] = float64(p.right[0]*forgets) + 4*0.7*(1-forgets)
		p.wrong[0] = float64(p.wrong[0]*forgets) + 4*0.3*(1-forgets)
	}
}

// drafted notes what the draft model took for n tokens.
func (p *pace) drafted(n int, took time.Duration) {
	p.costs.note(&p.costs.draft, took/time.Duration(max(n, 1)))
	p.now += took
}

// verifying notes a prediction of n tokens.
func (p *pace) verifying(n int, took time.Duration) {
	p.costs.note(&p.costs.blocks[n], took)
	p.now += took
}

// settle accounts for a draft of which n tokens went into the text, with the one before
// it: so many steps were spared.
func (p *pace) settle(n int) {
	step := p.costs.stepTime()
	p.balance = min(p.balance+time.Duration(n)*step-p.now, 8*step)
	p.now = 0
}

// lookupLength returns how many of n tokens that lookup found behind matched ones are
// to be verified.
func (p *pace) lookupLength(matched, n int) int {
	return p.length(n, 0, func(i int) float64 { return p.chance(matchKind(matched + i)) })
}

// modelLength is lookupLength for the draft model, which has drafted none of them yet.
func (p *pace) modelLength(n int) int {
	return p.length(n, p.costs.draftTime(), func(int) float64 { return p.chance(0) })
}

// length returns the number of tokens, up to n, of which the most come in the time when
// each costs draft and is right by a chance; 0 where steps do as well. With none of the
// times known nothing is drafted.
func (p *pace) length(n int, draft time.Duration, chance func(i int) float64) int {
	n = min(n, mostDrafted)
	if n <= 0 || p.balance <= 0 {
		return 0
	}
	step := p.costs.times(&p.times, n+1)
	if step == 0 {
		return 0
	}
	best, length := 1.0, 0
	reach, expected := 1.0, 1.0
	for i := range n {
		reach = float64(reach * chance(i))
		expected += reach
		cost := p.times[i+2] + time.Duration(i+1)*draft
		spared := float64(expected * float64(step))
		gain := spared - float64(cost)
		if rate := spared / float64(cost); rate > best && gain > float64(leastGain*float64(step)) {
			best, length = rate, i+1
		}
	}
	if length == 0 && p.balance >= step {
		p.costs.doubt()
	}
	return length
}

// costs are the times of a model's predictions, as the answers of a generator measure
// them. They are the same for all, and known to one that has just begun.
type costs struct {
	mu    sync.Mutex
	step  time.Duration
	draft time.Duration // of one token of the draft model
	// blocks are those of so many tokens in one prediction; 0 for unknown.
	blocks [mostDrafted + 2]time.Duration
}

// note takes a measurement into an average of the last ones, in which what is below it
// counts for more: what takes longer is often somebody else's doing.
func (c *costs) note(average *time.Duration, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if *average == 0 {
		*average = took
		return
	}
	if took < *average {
		*average += (took - *average) / 2
	} else {
		*average += (min(took, 2**average) - *average) / 8
	}
}

// doubt makes blocks look cheaper, by a little: the one that told what they cost may have
// been unlucky, and none is tried that looks too dear.
func (c *costs) doubt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k := range c.blocks {
		if t := c.blocks[k]; t > c.step {
			c.blocks[k] = max(t-t/doubtPart, c.step)
		}
	}
}

func (c *costs) stepTime() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.step
}

// draftTime returns what a token of the draft model takes. Before that is known it is a
// quarter of a step.
func (c *costs) draftTime() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.draft == 0 {
		return c.step / 4
	}
	return c.draft
}

// times stores what predictions of 2 to n tokens take and returns what a step does. A
// time is as measured, else on the line through the measured ones beside it; with none
// measured a further token takes two fifths of a step.
func (c *costs) times(dst *[mostDrafted + 2]time.Duration, n int) (step time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	low, slope := 1, 2*c.step/5
	dst[1] = c.step
	for k := 2; k <= n; k++ {
		if dst[k] = c.blocks[k]; dst[k] > 0 {
			low, slope = k, max(dst[k]-c.step, 0)/time.Duration(k-1)
			continue
		}
		if k == low+1 { // the first that was not measured
			for next := k + 1; next < len(c.blocks); next++ {
				if t := c.blocks[next]; t > 0 {
					slope = max(t-dst[low], 0) / time.Duration(next-low)
					break
				}
			}
		}
		dst[k] = dst[low] + time.Duration(k-low)*slope
	}
	return c.step
}
