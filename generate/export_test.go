package generate

import (
	"context"
	"encoding/binary"
	"hash/crc32"
	"maps"
	"slices"
	"time"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
	"github.com/gocoreml/coreml/tokenizer"
)

// Predictor lets tests stand in for a model.
type Predictor = predictor

// NewFake is New for a stand-in.
func NewFake(m Predictor, desc *coreml.Description, t *tokenizer.Tokenizer, o *Config) (*Generator, error) {
	if o == nil {
		o = &Config{}
	}
	return NewDrained(m, desc, t, o, func() error { return nil })
}

// NewDrained is NewFake with what is called when the model may be closed.
func NewDrained(m Predictor, desc *coreml.Description, t *tokenizer.Tokenizer, o *Config, drained func() error) (*Generator, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	g, err := newGenerator(context.Background(), oneFunction{model: m, desc: desc}, oneFunction{model: m, desc: desc}.set(), t, o, drained)
	if err == nil {
		JoinAbove(g, 0) // a stand-in's steps are short, and meet all the same
	}
	return g, err
}

// JoinAbove sets what a step must take to be worth its company.
func JoinAbove(g *Generator, d time.Duration) {
	for _, fn := range g.bound.decode.fns {
		fn.steps.worth = d
	}
}

// Distribution returns the tokens that settings leave of logits, with their
// probabilities.
func Distribution(s *Sampling, logits []float32) map[int]float64 {
	cands, sum, err := newSampler(s, 1).distribution(context.Background(), logits)
	if err != nil {
		panic(err)
	}
	out := map[int]float64{}
	for _, c := range cands {
		out[c.id] = c.p / sum
	}
	return out
}

// StopMatcher looks for stop strings in pieces of text.
type StopMatcher struct{ m stopMatcher }

// NewStopMatcher returns a matcher.
func NewStopMatcher(stops ...string) *StopMatcher { return &StopMatcher{newStopMatcher(stops)} }

// Push adds text.
func (m *StopMatcher) Push(text string) (string, bool) { return m.m.push(text) }

// Flush ends the text.
func (m *StopMatcher) Flush() string { return m.m.flush() }

// CausalMask returns the mask of q tokens after past.
func CausalMask(d tensor.DType, q, past int, fill float32) (*tensor.Tensor, error) {
	var buf []byte
	return causalMask(context.Background(), d, &buf, q, past, fill)
}

// KthLargest returns the k-th largest element, found in both ways.
func KthLargest(x []float32, k int) (heap, selection float32) {
	var s sampler
	return s.kthLargest(x, k), selectLargest(slices.Clone(x), k)
}

// TurnEnd tells the token that the chat template puts behind an answer, or -1.
func (g *Generator) TurnEnd() int { return g.made().turnEnd }

// Reserve prepares n steps of one token, as a stream does at its start.
func Reserve(s *Sequence, n int) error { return s.reserve(n) }

// FreeLanes returns the number of states that wait for a sequence.
func FreeLanes(g *Generator) int {
	g.pool.mu.Lock()
	defer g.pool.mu.Unlock()
	return len(g.pool.free)
}

// HeldLanes returns the number of states that sequences hold.
func HeldLanes(g *Generator) int {
	g.pool.mu.Lock()
	defer g.pool.mu.Unlock()
	return g.pool.live
}

// SampleContext draws one token under a context.
func SampleContext(ctx context.Context, s *Sampling, logits []float32) error {
	_, err := newSampler(s, 1).sample(ctx, logits)
	return err
}

// brokenLane is a lane whose state panics when it is closed.
type brokenLane struct{ stageLane }

func (brokenLane) close() error { panic("the state's own") }

// DiscardBroken takes a lane of g out of service whose closing panics.
func DiscardBroken(ctx context.Context, g *Generator) error {
	list, err := g.pool.acquire(ctx, claim{of: g.bound})
	if err != nil {
		return err
	}
	l := list[0]
	l.lane, l.running = &brokenLane{}, true
	return l.release()
}

// TestFamily is a family without a cache that tests make up.
type TestFamily struct {
	Name    Family
	Matches func(*coreml.Description) bool
	Refuse  func(*Driver) error
}

// AddFamily puts a family before the others until the test ends.
func AddFamily(t interface{ Cleanup(func()) }, f TestFamily) {
	before := families
	t.Cleanup(func() { families = before })
	families = append([]*family{{
		name:    f.Name,
		matches: func(b *binder) bool { return f.Matches(b.desc) },
		bind: func(b *binder) error {
			return b.run(func(b *binder) error { return f.Refuse(b.d) }, (*binder).refuseUnboundInputs, (*binder).bindLogits, bindWholeText)
		},
	}}, families...)
}

// FamilyNames returns the names of all families in their order, and whether the
// last one takes a package.
func FamilyNames() (names []Family, last func(*coreml.Description) bool) {
	for _, f := range families {
		names = append(names, f.name)
	}
	return names, func(desc *coreml.Description) bool {
		return families[len(families)-1].matches(&binder{desc: desc, d: &Driver{}})
	}
}

// FilledConstants returns how many constants are filled when a package is opened.
func FilledConstants(ctx context.Context, m Predictor, desc *coreml.Description, d *Driver) (int, error) {
	d, err := Detect(desc, d)
	if err != nil {
		return 0, err
	}
	b, err := bindModel(ctx, oneFunction{model: m, desc: desc}, d, -1, 0)
	if err != nil {
		return 0, err
	}
	return len(b.decode.fns[0].constants), nil
}

// ChunkOf returns the tokens of the chunk that a package with a cache takes of n.
func ChunkOf(desc *coreml.Description, past, n, limit int) (int, error) {
	d, err := Detect(desc, nil)
	if err != nil {
		return 0, err
	}
	b, err := bindModel(context.Background(), oneFunction{desc: desc}, d, -1, 0)
	if err != nil {
		return 0, err
	}
	return (&stageLane{m: b}).chunk(past, n, limit)
}

// MaskUntil writes a mask unless ctx has ended.
func MaskUntil(ctx context.Context, q, past int) error {
	var buf []byte
	_, err := causalMask(ctx, tensor.Float32, &buf, q, past, -1)
	return err
}

// WaitingSteps returns the number of steps that wait for a prediction.
func WaitingSteps(g *Generator) int {
	j := g.bound.decode.fns[0].steps
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.waiting)
}

// DriverFields lists the fields that the reader of driver files takes, for each kind
// of object; the empty name is the driver itself.
func DriverFields() map[string][]string {
	list := func(f fieldReaders) []string { return slices.Sorted(maps.Keys(f)) }
	d := new(Driver)
	return map[string][]string{
		"": list(driverFields(d, new(string))), "stage": list(stageFields(new(Stage))), "role": list(roleFields(new(Role))),
		"prefill": list(prefillFields(new(Prefill))), "output": list(outputFields(new(Output))), "rotation": list(rotationFields(new(Rotation))),
		"image": list(imageFields(new(ImageStage))), "pixels": list(pixelFields(new(ImagePixels))),
		"crops": list(cropFields(new(ImageCrops))), "projector": list(projectorFields(new(ImageProjector))),
	}
}

// RoleNames lists the roles.
func RoleNames() []RoleName { return roleNames }

// ReadMeta reads a meta.yaml.
func ReadMeta(data []byte) (map[string]string, error) { return readMeta(data) }

// NewFakeFunctions is NewFake for a stand-in of several functions: load loads the others.
func NewFakeFunctions(m Predictor, desc *coreml.Description, t *tokenizer.Tokenizer, o *Config,
	load func(ctx context.Context, name string) (Predictor, *coreml.Description, error), drained func() error,
) (*Generator, error) {
	src := oneFunction{model: m, desc: desc, more: load}
	return newGenerator(context.Background(), src, src.set(), t, o, drained)
}

// Widen gives the placeholders of a prompt as many places as a picture has rows, whose
// crops have so many each. Marked says that they are slots. It returns the position, the
// picture, the first row and the number of rows of each spot.
func Widen(prompt []int, token, rows int, marked bool, units []int, earlier int, t *tokenizer.Tokenizer) (ids []int, spots [][4]int, err error) {
	b := &boundImage{token: token, places: rows}
	if marked {
		b.marker = defaultMarker
	}
	ids, list, err := b.widen(prompt, units, earlier, t)
	for _, s := range list {
		spots = append(spots, [4]int{s.at, s.picture, s.from, s.rows})
	}
	return ids, spots, err
}

// Splice puts the rows of a picture at position at into embeddings.
func Splice(t *tensor.Tensor, axis, base, tokens, at int, rows []float32, width int) (*tensor.Tensor, error) {
	return splice(t, axis, base, tokens, []placed{{at, &picture{rows, width}}})
}

// MaxCopies and MaxCopiedSize bound the copies that a lane keeps.
const (
	MaxCopies     = maxCopies
	MaxCopiedSize = maxCopiedSize
)

// CopiesOf returns how many copies a session's lane holds, and their bytes.
func CopiesOf(s *Session) (n, size int) {
	lane, ok := s.seq.lease.lane.(*stageLane)
	if !ok {
		return 0, 0
	}
	for i := range lane.copies {
		for _, c := range lane.copies[i].states {
			size += c.value.Len() * c.value.DType().Size()
		}
		for _, c := range lane.copies[i].caches {
			size += c.value.Len() * c.value.DType().Size()
		}
	}
	return len(lane.copies), size
}

// CheckBeside compares model_config.json and meta.yaml with descriptions, as for a folder
// in which the named packages lie.
func CheckBeside(modelConfig, meta []byte, file string, desc *coreml.Description, entries ...string) error {
	b := &beside{file: modelConfigName, set: []packageFunctions{{file: file, functions: []*coreml.Description{desc}}}, entries: entries}
	if modelConfig != nil {
		c, err := parseModelConfig(b, modelConfig)
		if err != nil {
			return err
		}
		return c.check(b, new(Driver))
	}
	m, err := readMeta(meta)
	if err != nil {
		return err
	}
	b.file = metaName
	return anemllMeta(m).check(b, new(Driver), []Stage{{Package: file}})
}

// ParsePreprocessor reads the file of a processor.
func ParsePreprocessor(data []byte) (*ImagePixels, error) { return parsePreprocessor(data) }

// Processed returns the logits of a step after the processors that settings ask for,
// and what the sampler leaves of them.
func Processed(s *Sampling, ids []int, prompt, most int, ends []int, logits []float32) (scores []float32, left map[int]float64, err error) {
	c, err := newSamplerChain(s, &Options{})
	if err != nil {
		return nil, nil, err
	}
	c.begin(ids[:prompt], most, ends)
	for _, id := range ids[prompt:] {
		c.accept(id)
	}
	scores = slices.Clone(logits)
	if err := c.apply(context.Background(), ids, scores); err != nil {
		return nil, nil, err
	}
	return scores, Distribution(s, slices.Clone(scores)), nil
}

// MirostatSteps draws nothing: it returns what is left of each step when the given tokens
// are chosen.
func MirostatSteps(m *Mirostat, steps [][]float32, chosen []int) (left []map[int]float64) {
	s := newSampler(&Sampling{Temperature: 1, Mirostat: m}, 1)
	for i, logits := range steps {
		cands, sum, err := s.distribution(context.Background(), slices.Clone(logits))
		if err != nil {
			panic(err)
		}
		kept := map[int]float64{}
		for _, c := range cands {
			kept[c.id] = c.p / sum
		}
		s.mu = m.next(s.mu, kept[chosen[i]])
		left = append(left, kept)
	}
	return left
}

// RepetitionLengths measures the repetitions at the end of a text, as DRY does.
func RepetitionLengths(ids []int, limit int) []int32 {
	var p dryProcessor
	p.measure(ids, limit)
	return p.lengths
}

// LogSumExp returns the logarithm of the sum of exponentials.
func LogSumExp(logits []float32) float64 { return logSumExp(logits) }

// PrefixOf is NewPrefix for tokens.
func PrefixOf(ctx context.Context, g *Generator, ids []int) (*Prefix, error) {
	return g.newPrefix(ctx, nil, func() ([]int, error) { return slices.Clone(ids), nil })
}

// SplitSaved and JoinSaved take a saved session apart, and put one together with a
// checksum that is right.
func SplitSaved(file []byte) (header, body []byte) {
	at := len(savedMagic) + 8
	n := int(binary.LittleEndian.Uint32(file[at-4:]))
	return file[at : at+n], file[at+n : len(file)-4]
}

func JoinSaved(header, body []byte) []byte {
	file := binary.LittleEndian.AppendUint32([]byte(savedMagic), savedVersion)
	file = binary.LittleEndian.AppendUint32(file, uint32(len(header)))
	file = append(append(file, header...), body...)
	return binary.LittleEndian.AppendUint32(file, crc32.Checksum(file, castagnoli))
}

// ReplayDrafts writes a text again with drafts from its own beginning, over predictions
// that take the given times by their number of tokens, and returns the time without and
// with drafts. The costs are kept for further texts where they are not nil.
func ReplayDrafts(known *Costs, prompt, answer []int, times []time.Duration) (plain, drafted time.Duration, stats SpeculationStats) {
	if known.c == nil {
		known.c = new(costs)
	}
	most := len(times) - 2
	s := &speculator{bound: new(boundModel), most: most, lookup: newLookup(DefaultMinMatch, len(prompt)+len(answer)), pace: newPace(known.c)}
	s.text = append(s.text, prompt...)
	for i, id := range answer {
		plain += times[1]
		s.text = append(s.text, id)
		if s.follows(id) {
			s.taken++
			s.stats.Accepted++
			if s.taken == len(s.block) {
				s.settle()
			}
			continue
		}
		var found []int
		if found, s.matched = s.lookup.find(s.text, most); len(found) > 0 {
			s.guess = found[0]
		}
		n := s.lookupLength(min(len(found), len(answer)-i))
		drafted += times[n+1]
		if n == 0 {
			s.pace.stepped(times[1])
			continue
		}
		s.block, s.taken = append(append(s.block[:0], id), found[:n]...), 1
		s.pace.verifying(n+1, times[n+1])
		s.stats.Blocks++
		s.stats.Drafted += n
	}
	return plain, drafted, s.stats
}

// Costs are what predictions were seen to take.
type Costs struct{ c *costs }

// Measured notes that a prediction of n tokens took a time.
func (k *Costs) Measured(n int, took time.Duration) {
	if k.c == nil {
		k.c = new(costs)
	}
	if n == 1 {
		k.c.note(&k.c.step, took)
	} else {
		k.c.note(&k.c.blocks[n], took)
	}
}

// LookUp returns what lookup drafts after a text.
func LookUp(text []int, least, n int) ([]int, int) { return newLookup(least, len(text)).find(text, n) }

// Block is [Sequence.block], and Advance [Sequence.advance].
func Block(s *Sequence, ctx context.Context, ids []int, rows [][]float32) error {
	return s.block(ctx, ids, rows)
}

func Advance(s *Sequence, ctx context.Context) error { return s.advance(ctx) }

// BoundCalls sets how many bytes the grammars of calls may take.
func BoundCalls(g *Generator, limit int64) { g.grammars.calls.Limit = limit }
