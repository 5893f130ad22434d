package generate

import (
	"cmp"
	"errors"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tensor"
)

// arrange puts the packages of a folder into the order in which they run, and takes
// over what meta.yaml says beside them.
func (s *source) arrange(set []packageFunctions, c *Config) error {
	meta, err := s.readMeta()
	if err != nil {
		return err
	}
	d := new(Driver)
	if c.Driver != nil {
		d = c.Driver.clone()
	}
	// What the driver has a use for already is no stage.
	chain := slices.DeleteFunc(slices.Clone(set), func(p packageFunctions) bool {
		at := place(&p)
		return slices.Contains(d.Image.packages(), p.file) && at != beginning && at != end && at != whole
	})
	if len(set) > 1 && len(chain) > 0 {
		if d.Stages, err = orderStages(chain, meta != nil, len(chain) < len(set)); err != nil {
			return err
		}
	}
	if meta != nil {
		if err := meta.check(s.beside(metaName, set), d, d.Stages); err != nil {
			return err
		}
		meta.apply(d, set)
	}
	b := s.beside(modelConfigName, set)
	config, err := s.readModelConfig(b)
	if err == nil {
		err = config.check(b, d)
	}
	if err != nil {
		return err
	}
	if len(d.Stages) > 0 || d.Rotation != nil || d.Output != nil {
		c.Driver = d
	}
	return nil
}

// anemllMeta is what ANEMLL says of a model in meta.yaml.
type anemllMeta map[string]string

// readMeta reads meta.yaml beside the packages, nil where there is none or where it
// is of something else.
func (s *source) readMeta() (anemllMeta, error) {
	data, err := storage.ReadOptional(s.fsys, path.Join(path.Dir(s.pkg), metaName), maxConfigBytes)
	switch {
	case errors.Is(err, storage.ErrTooLong):
		return nil, &metaError{1, err.Error()}
	case err != nil || data == nil:
		return nil, err
	}
	if !strings.Contains(string(data), "model_info:") {
		return nil, nil
	}
	meta, err := readMeta(data)
	return meta, err
}

// number returns a parameter, 0 where there is none.
func (m anemllMeta) number(key string) int {
	n, err := strconv.Atoi(m.text(key))
	if err != nil || n < 0 || n > maxVocabulary {
		return 0
	}
	return n
}

func (m anemllMeta) text(key string) string { return m["model_info.parameters."+key] }

// apply takes over what the descriptions do not tell: the context, the window
// behind which other functions take over, and where the parts of the vocabulary
// begin.
func (m anemllMeta) apply(d *Driver, set []packageFunctions) {
	if d.ContextLength == 0 {
		d.ContextLength = m.number("context_length")
		if seen := cmp.Or(m.number("attention_size"), m.number("state_length")); seen > 0 {
			d.ContextLength = min(d.ContextLength, seen) // the places of the cache
		}
	}
	if len(set) == 1 && d.Rotation == nil {
		// A window that no cache has is none: the file was compared with them.
		window := m.number("sliding_window")
		if turned := rotatedFunctions(&set[0]); len(turned) > 0 && window > 0 && slices.ContainsFunc(set[0].functions[0].States, func(st coreml.FeatureDescription) bool { return stateLength(&st) == window }) {
			d.Rotation = &Rotation{From: window, Functions: turned}
		}
	}
	parts, vocabulary := m.number("split_lm_head"), m.number("vocab_size")
	sizes := metaNumbers(m.text("lm_head_chunk_sizes"))
	if m.text("argmax_in_model") != "true" || d.Output != nil || parts < 2 || parts > maxList {
		return
	}
	if len(sizes) != parts && vocabulary > 0 {
		sizes = make([]int, parts)
		for i := range sizes {
			sizes[i] = vocabulary / parts
			if i < vocabulary%parts {
				sizes[i]++
			}
		}
	}
	if len(sizes) == parts {
		d.Output = &Output{Vocabulary: vocabulary}
		at := 0
		for _, n := range sizes {
			d.Output.Offsets = append(d.Output.Offsets, at)
			at += n
		}
		if vocabulary == 0 {
			d.Output.Vocabulary = at
		}
	}
}

// rotatedFunctions pairs functions with those that take over from them.
func rotatedFunctions(p *packageFunctions) map[string]string {
	out := map[string]string{}
	for _, d := range p.functions {
		if name, ok := strings.CutSuffix(d.Function, "_rotate"); ok && p.find(name) != nil {
			out[name] = d.Function
		}
	}
	return out
}

// placeOf says where in a chain a package belongs.
type placeOf int

const (
	nowhere placeOf = iota
	beginning
	middle
	end
	whole     // from token ids to logits
	vision    // takes pictures
	projector // takes the rows of pictures
)

// orderStages finds the order of packages that run one after the other: token ids
// to embeddings, chunks of layers by their number, and the head. Shared says that
// the chunks have one state together, and sees that a package for pictures lies beside.
func orderStages(set []packageFunctions, shared, sees bool) ([]Stage, error) {
	chunks := map[placeOf][]*packageFunctions{}
	for i := range set {
		p := place(&set[i])
		chunks[p] = append(chunks[p], &set[i])
	}
	const say = "write a driver.json with the \"stages\" in their order, as in {\"stages\": [{\"package\": %q}, {\"package\": %q}]}"
	last := set[len(set)-1].file
	switch {
	case len(chunks[whole]) > 0:
		return nil, undetected("%s takes token ids and gives logits by itself, and other packages lie beside it: name the package in place of the folder", chunks[whole][0].file)
	case len(chunks[nowhere]) > 0:
		return nil, undetected("nothing tells what package %s is for; "+say, chunks[nowhere][0].file, set[0].file, last)
	case len(chunks[beginning]) > 1 || len(chunks[end]) > 1:
		return nil, undetected("several packages could be the first or the last; "+say, set[0].file, last)
	}
	if len(chunks[vision]) == 0 && !sees { // without pictures it is one of the chain
		chunks[middle] = append(chunks[middle], chunks[projector]...)
	}
	slices.SortStableFunc(chunks[middle], func(a, b *packageFunctions) int { return compareNatural(a.file, b.file) })
	var stages []Stage
	names := map[string]int{}
	for _, part := range [][]*packageFunctions{chunks[beginning], chunks[middle], chunks[end]} {
		for _, p := range part {
			s := Stage{Package: p.file}
			if states := p.functions[0].States; len(states) > 0 {
				names[states[0].Name]++
				if shared {
					s.State = "cache"
				}
			}
			stages = append(stages, s)
		}
	}
	for name, n := range names {
		if n > 1 && !shared {
			return nil, undetected("%d packages declare a state %s, and nothing tells whether it is one for all of them; write a driver.json in which the stages have "+
				"the same \"state\" where it is, and different ones where not, as in {\"stages\": [{\"package\": %q, \"state\": \"a\"}, {\"package\": %q, \"state\": \"b\"}]}",
				n, name, set[0].file, last)
		}
	}
	return stages, nil
}

// place finds where a package belongs, by what its default function takes and
// gives.
func place(p *packageFunctions) placeOf {
	d := p.find("")
	if d == nil {
		d = p.functions[0]
	}
	ids, hidden := false, false
	for i := range d.Inputs {
		in := &d.Inputs[i]
		switch {
		case in.Kind == coreml.KindImage, namesPixels(in):
			return vision
		case notTokens(in) == "" && in.DType == tensor.Int32 && !nameContains(in, "mask", "pos", "cache"):
			ids = true
		case in.Kind == coreml.KindMultiArray && in.DType.IsFloat() && axes.Rank(in) == 3 && !nameContains(in, "cache", "logit"):
			hidden = true
		}
	}
	answers := false
	for i := range d.Outputs {
		out := &d.Outputs[i]
		answers = answers || out.DType == tensor.Int32 || nameContains(out, "logit", "argmax")
	}
	switch {
	case ids && answers:
		return whole
	case ids:
		return beginning
	case hidden && answers:
		return end
	case hidden && len(d.States) == 0 && len(d.Inputs) == 1 && projectorName.MatchString(p.file):
		return projector
	case hidden:
		return middle
	}
	return nowhere
}

// projectorName is how packages are called that make embeddings of the rows of pictures.
var projectorName = regexp.MustCompile(`(?i)projector|projection|connector|merger`)

var digits = regexp.MustCompile(`\d+`)

// compareNatural compares names by the numbers in them and then by themselves:
// chunk_10 comes after chunk_9.
func compareNatural(a, b string) int {
	x, y := digits.FindAllString(a, -1), digits.FindAllString(b, -1)
	if digits.ReplaceAllString(a, "#") != digits.ReplaceAllString(b, "#") {
		return strings.Compare(a, b)
	}
	for i := range min(len(x), len(y)) {
		n, _ := strconv.Atoi(x[i])
		m, _ := strconv.Atoi(y[i])
		if n != m {
			return cmp.Compare(n, m)
		}
	}
	return strings.Compare(a, b)
}
