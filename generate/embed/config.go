package embed

import (
	"slices"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tokenizer"
)

const (
	// DefaultBatch is the greatest number of texts in one prediction where the
	// package leaves the number open.
	DefaultBatch = 8
	// DefaultMaxTokens is the greatest number of tokens of a text where neither the
	// package nor a file beside it limits it.
	DefaultMaxTokens = 8192
)

// Config is what belongs to a model as a whole. A nil *Config is the same as a
// zero one.
type Config struct {
	// Model is passed to coreml.Load by [Open] and [OpenFS]; [New] does not use it.
	// Nil, or an Arithmetic of coreml.ArithmeticDefault, selects
	// coreml.ArithmeticWide: vectors are compared with those that were made elsewhere,
	// so they had better be exact.
	Model *coreml.Config
	// Tokenizer is the folder of the tokenizer or its tokenizer.json. Empty means
	// the folder in which the package lies. OpenFS takes it as a folder of its file
	// system.
	Tokenizer string
	// Loader says how Open and OpenFS load the tokenizer; nil means as
	// [tokenizer.Load] does.
	Loader *tokenizer.Loader
	// Driver overrides what is detected; its empty fields are detected as usual. Nil
	// means the driver file beside the package, if there is one, for Open and OpenFS,
	// and none for New.
	Driver *Driver
	// Pooling is how the vectors of tokens become one. Empty means as modules.json
	// says.
	Pooling Pooling
	// MaxTokens cuts texts to fewer tokens than the model takes. 0 means as many as
	// it takes.
	MaxTokens int
	// Batch is the greatest number of texts in one prediction, where the package
	// leaves it open. 0 means [DefaultBatch].
	Batch int
	// Prompts are texts that are put before others, by their names, such as "query"
	// and "document". They are added to those of config_sentence_transformers.json,
	// and come before these.
	Prompts map[string]string
	// Label is the class whose probability is the score of a reranker with several
	// classes: a name from id2label of config.json, or its number. One with a single
	// logit needs none.
	Label string
}

// Options is what one call asks for. A nil *Options is the same as a zero one.
type Options struct {
	// Role chooses the prompt that the model has for queries, or for documents; a
	// model without prompts has none to choose. Zero means the model's default
	// prompt, which is seldom there.
	Role Role
	// Prompt is the name of a prompt of the model, in place of Role.
	Prompt string
	// Prefix is put before each text, in place of a prompt of the model.
	Prefix string
	// Dimensions, when not 0, cuts the vectors to their first so many numbers, as
	// models allow that were trained for it (Matryoshka). What is left is brought to
	// length 1, unless Normalize is false. 0 means as the files say, else all.
	Dimensions int
	// Normalize brings vectors to length 1, or leaves them as the model and its files
	// make them. Nil means as modules.json says, and as the package gives them where that is
	// not there.
	Normalize *bool
	// RefuseLong makes a text that is too long an error in place of cutting it.
	RefuseLong bool
}

// Role is what a text is for. Models of search treat a question and the texts that
// may answer it differently.
type Role uint8

// The roles.
const (
	RoleNone Role = iota
	RoleQuery
	RoleDocument
)

// String returns the name of the role, as prompts have it.
func (r Role) String() string {
	switch r {
	case RoleQuery:
		return "query"
	case RoleDocument:
		return "document"
	}
	return "none"
}

// Pooling says how the vectors of a text's tokens become one. Several, with plus
// signs between them, are put behind one another: "cls+max".
type Pooling string

// The poolings. Padding takes part in none of them.
const (
	// PoolingCLS takes the first token's vector.
	PoolingCLS Pooling = "cls"
	// PoolingMean takes the mean.
	PoolingMean Pooling = "mean"
	// PoolingMax takes the greatest number of each dimension.
	PoolingMax Pooling = "max"
	// PoolingLast takes the last token's vector, as with decoders.
	PoolingLast Pooling = "last"
	// PoolingMeanSqrt takes the sum over the square root of the number of tokens.
	PoolingMeanSqrt Pooling = "mean-sqrt"
	// PoolingWeightedMean takes a mean in which the token at place i counts i times.
	PoolingWeightedMean Pooling = "weighted-mean"
	// PoolingNone takes the package's own vector of a text, where it has vectors of
	// tokens too.
	PoolingNone Pooling = "none"
)

var poolings = []Pooling{PoolingCLS, PoolingMax, PoolingMean, PoolingMeanSqrt, PoolingWeightedMean, PoolingLast}

// PoolingNames returns the names that a Pooling may be made of.
func PoolingNames() []string {
	names := make([]string, 0, len(poolings)+1)
	for _, p := range append(slices.Clone(poolings), PoolingNone) {
		names = append(names, string(p))
	}
	return names
}

// parts splits a pooling; nil for the package's own and for none that is said.
func (p Pooling) parts() []Pooling {
	if p == "" || p == PoolingNone {
		return nil
	}
	var list []Pooling
	for part := range strings.SplitSeq(string(p), "+") {
		list = append(list, Pooling(part))
	}
	return list
}

// check refuses what is no pooling.
func (p Pooling) check(field string) error {
	list := p.parts()
	if len(list) > len(poolings) {
		return configErrorf(field, "has %d parts, want %d at most", len(list), len(poolings))
	}
	for _, part := range list {
		if !slices.Contains(poolings, part) {
			return configErrorf(field, "is %q, want one of %s, or several with + between them", clip(string(part)), strings.Join(PoolingNames(), ", "))
		}
	}
	return nil
}

// validate refuses values out of range.
func (c *Config) validate() error {
	switch {
	case c.MaxTokens < 0:
		return configErrorf("MaxTokens", "is %d, want 1 or more, or 0 for as many as the model takes", c.MaxTokens)
	case c.Batch < 0 || c.Batch > maxBatch:
		return configErrorf("Batch", "is %d, want 1 to %d, or 0 for %d", c.Batch, maxBatch, DefaultBatch)
	}
	return c.Pooling.check("Pooling")
}

// batch is the greatest number of texts in a prediction.
func (c *Config) batch() int {
	if c.Batch == 0 {
		return DefaultBatch
	}
	return c.Batch
}

// maxBatch bounds the rows of a prediction.
const maxBatch = 1024

// validate refuses what cannot be asked.
func (o *Options) validate() error {
	named := 0
	for _, given := range []bool{o.Role != RoleNone, o.Prompt != "", o.Prefix != ""} {
		if given {
			named++
		}
	}
	switch {
	case o.Role > RoleDocument:
		return configErrorf("Role", "is %d, want RoleNone, RoleQuery or RoleDocument", o.Role)
	case named > 1:
		return configErrorf("Prompt", "two of Role, Prompt and Prefix are set, and each puts a text before the others")
	case o.Dimensions < 0:
		return configErrorf("Dimensions", "is %d, want 1 or more, or 0 for all", o.Dimensions)
	}
	return nil
}

// clip shortens a text for an error.
func clip(text string) string {
	const most = 60
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// valueOr returns what p points to, or def for nil.
func valueOr[T any](p *T, def T) T {
	if p == nil {
		return def
	}
	return *p
}
