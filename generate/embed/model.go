package embed

import (
	"context"
	"fmt"
	"maps"
	"sync/atomic"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
	"github.com/gocoreml/coreml/tensor"
	"github.com/gocoreml/coreml/tokenizer"
)

// Model makes vectors or scores of texts. It is made by [Open], [OpenFS] or [New]
// and safe for concurrent use by any number of goroutines. A nil or zero one is as
// one that is closed.
type Model struct {
	model    *coreml.Model
	tok      *tokenizer.Tokenizer
	driver   Driver
	settings Settings
	pooling  []Pooling
	close    func() error // nil for a model that is the caller's

	tokens, mask, types, positions *coreml.FeatureDescription // nil for those that are not there
	constants                      coreml.Features
	shared                         bool // one row of positions serves all texts
	sizes                          *sizes
	maxTokens                      int
	pad                            int32
	left, cutLeft                  bool
	label                          string
	dimensions                     atomic.Int64
}

// newModel joins a model and a tokenizer. The values of c are in range.
func newModel(m *coreml.Model, t *tokenizer.Tokenizer, c *Config, s *Settings) (*Model, error) {
	desc := m.Description()
	b := &binder{
		desc: desc, shapeOf: m.OutputShape, entries: t.VocabSize(), classifies: s.classifies,
		override: valueOr(c.Driver, Driver{}),
	}
	for _, p := range []Pooling{s.Pooling, b.override.Pooling, c.Pooling} {
		if p != "" {
			b.pooling = p // the last one that is set holds
		}
	}
	d, err := b.detect()
	if err != nil {
		return nil, err
	}
	e := &Model{model: m, tok: t, driver: *d, settings: s.clone(), label: c.Label}
	e.driver.Pooling = b.pooling
	e.addPrompts(c.Prompts)
	if err := e.bindPooling(c.Pooling, b); err != nil {
		return nil, err
	}
	e.tokens, e.mask = desc.Input(d.Tokens), optional(desc, d.AttentionMask)
	e.types, e.positions = optional(desc, d.TokenTypes), optional(desc, d.Positions)
	if e.positions != nil {
		_, rows := bounds(e.positions, 0)
		e.shared = axes.Rank(e.positions) == 1 || rows == 1
	}
	e.constants = coreml.Features{}
	for name, v := range d.Constants {
		f := desc.Input(name)
		e.constants[name] = coreml.MultiArray(tensor.Fill(f.DType, v, f.Shape...))
	}
	if err := e.bindSizes(c); err != nil {
		return nil, err
	}
	return e, e.bindPadding()
}

// optional returns the input of a name, nil for no name.
func optional(desc *coreml.Description, name string) *coreml.FeatureDescription {
	if name == "" {
		return nil
	}
	return desc.Input(name)
}

// addPrompts puts the caller's prompts before those of the files.
func (m *Model) addPrompts(prompts map[string]string) {
	if m.settings.Prompts == nil {
		m.settings.Prompts = map[string]string{}
	}
	for name, text := range prompts {
		m.settings.Prompts[name] = text
	}
}

// bindPooling sets the pooling of rows, and refuses one that the caller asks for
// where the package has pooled already.
func (m *Model) bindPooling(asked Pooling, b *binder) error {
	if m.driver.Gives == GivesRows {
		m.pooling = b.pooling.parts()
		return nil
	}
	m.driver.Pooling = ""
	if len(asked.parts()) > 0 {
		return configErrorf("Pooling", "is %q, and the package gives %s for a text (output %s): leave it out", asked, m.driver.Gives, m.model.Description().Output(m.driver.Output))
	}
	return nil
}

// features are the inputs that are filled for each prediction, in a fixed order; nil
// for those that are not there.
func (m *Model) features() [4]*coreml.FeatureDescription {
	return [...]*coreml.FeatureDescription{m.tokens, m.mask, m.types, m.positions}
}

// inputs are those of the features that are there.
func (m *Model) inputs() []input {
	var list []input
	for _, f := range m.features() {
		if f != nil {
			list = append(list, input{f, m.shared && f == m.positions})
		}
	}
	return list
}

// bindSizes finds the shapes of predictions, and how long a text may be.
func (m *Model) bindSizes(c *Config) (err error) {
	limit := 0
	for _, n := range []int{m.settings.MaxTokens, m.tok.Config().ModelMaxLength} {
		if n > 0 && (limit == 0 || n < limit) {
			limit = min(n, maxLength)
		}
	}
	open := limit
	if open == 0 {
		open = max(DefaultMaxTokens, c.MaxTokens)
	}
	if m.sizes, err = findSizes(m.inputs(), open, c.batch()); err != nil {
		return err
	}
	m.maxTokens = m.sizes.longest()
	for _, n := range []int{limit, c.MaxTokens} {
		if n > 0 {
			m.maxTokens = min(m.maxTokens, n)
		}
	}
	if special := m.tok.SpecialCount(m.driver.Gives == GivesScores); m.maxTokens <= special {
		return configErrorf("MaxTokens", "leaves %d tokens, and the tokenizer adds %d special ones to a text", m.maxTokens, special)
	}
	return nil
}

// bindPadding finds the token that fills texts up, and the side. A package without
// a mask has to know the token by itself.
func (m *Model) bindPadding() error {
	cfg, own := m.tok.Config(), m.tok.Padding()
	id, known := -1, false
	switch {
	case cfg.PadToken != "":
		id, known = m.tok.TokenToID(cfg.PadToken)
	case own != nil:
		id, known = own.ID, true
	}
	if !known && m.settings.padToken != nil {
		id, known = *m.settings.padToken, true
	}
	if known && id >= 0 && id < maxID {
		m.pad = int32(id)
	}
	if m.mask == nil && !known && !(m.sizes.exact() && m.sizes.lo.length == 1) {
		return noEmbeddings("the package has no input for a mask (attention_mask), and the tokenizer no token for padding: texts of another length than %s cannot be given to it", m.tokens)
	}
	m.left = cfg.PaddingSide == "left" || cfg.PaddingSide == "" && own != nil && own.Left
	if m.driver.Padding != "" {
		m.left = m.driver.Padding == "left"
	}
	m.driver.Padding = map[bool]string{false: "right", true: "left"}[m.left]
	m.cutLeft = cfg.TruncationSide == "left"
	return nil
}

// maxID bounds token ids.
const maxID = 1 << 30

// check refuses a model that nothing made.
func (m *Model) check() error {
	if m == nil || m.model == nil {
		return fmt.Errorf("model: %w", coreml.ErrClosed)
	}
	return nil
}

// Model returns the loaded package, nil for a Model that nothing made.
func (m *Model) Model() *coreml.Model {
	if m == nil {
		return nil
	}
	return m.model
}

// Tokenizer returns the tokenizer, nil for a Model that nothing made.
func (m *Model) Tokenizer() *tokenizer.Tokenizer {
	if m == nil {
		return nil
	}
	return m.tok
}

// Driver returns a copy of what was detected and overridden, with the pooling that
// is used; empty for a package that pools by itself.
func (m *Model) Driver() Driver {
	if m == nil {
		return Driver{}
	}
	d := m.driver
	d.Constants = maps.Clone(d.Constants)
	return d
}

// Settings returns a copy of what the files beside the package say, and the prompts
// of [Config.Prompts].
func (m *Model) Settings() Settings {
	if m == nil {
		return Settings{}
	}
	return m.settings.clone()
}

// MaxTokens returns the greatest number of tokens of a text, special ones included;
// of both texts where the package scores pairs.
func (m *Model) MaxTokens() int {
	if m == nil {
		return 0
	}
	return m.maxTokens
}

// Dimensions returns the size of the vectors before [Options.Dimensions] cuts them,
// or the number of classes of a reranker. It is 0 while it is not known: a package
// may leave it open until the first prediction.
func (m *Model) Dimensions() int {
	if m == nil {
		return 0
	}
	return int(m.dimensions.Load())
}

// Close waits for the calls in progress and gives the memory of the package that
// [Open] loaded back. Calls made from then on fail with coreml.ErrClosed. Closing a
// closed model does nothing.
func (m *Model) Close() error {
	if m == nil || m.close == nil {
		return nil
	}
	return prefixed("close", m.close())
}

// predict makes a prediction and returns the output.
func (m *Model) predict(ctx context.Context, in coreml.Features) (*tensor.Tensor, error) {
	out, err := m.model.Predict(ctx, in, nil, nil)
	if err != nil {
		return nil, err
	}
	t := out.Tensor(m.driver.Output)
	return t, t.Err()
}
