package convert

import (
	"maps"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/internal/modelgen"
	"github.com/gocoreml/coreml/internal/storage"
)

// architecture is what a model_type stands for. The zero architecture is Llama; each
// field is a difference from it.
type architecture struct {
	// Defaults of the fields that config.json may leave out.
	kvHeads   int     // num_key_value_heads; 0 means as many as heads
	headDim   int     // head_dim; 0 means hidden_size / num_attention_heads
	ropeTheta float64 // 0 means 10000
	rotary    float64 // partial_rotary_factor; 0 means 1
	partial   bool    // a part of each head may be turned; others turn the whole, whatever a field says
	tied      bool    // tie_word_embeddings
	epsilon   float64 // rms_norm_eps; 0 means 1e-6
	usual     string  // hidden_act; "" means silu

	// sizes are numbers, by Llama's names, that config.json may leave out. Of
	// intermediate_size a negative one is a multiple of hidden_size.
	sizes map[string]int

	// fields are the names of fields that this architecture calls otherwise: what is
	// read, by Llama's name for it. noField says that it has no such field.
	fields map[string]string
	// spellings brings what configurations of this architecture say in other ways to the
	// one that is read; nil where there is one only.
	spellings func(c *config)
	// tensors says where the weights lie that lie elsewhere than Llama's.
	tensors tensors
	// ownRotary says that differ reads how positions turn queries and keys.
	ownRotary bool
	// differ changes the decoder where it differs from Llama, after all that Llama has in
	// common with it has been read; nil where nothing does.
	differ func(d *decoder)
	// tokenizer is the repository whose tokenizer models use that come without one.
	tokenizer string
	// ignore lists tensors that hold no weights of the package, by the ends of their names,
	// or by their beginnings where these end in a dot.
	ignore []string
}

// decoder is a model that is being read from its configuration. Architectures change it
// by its fields and methods.
type decoder struct {
	*modelgen.Model
	config *config
	arch   *architecture
	// layer is what all layers have in common. each lays it out when the model is whole.
	layer modelgen.Layer
	// epsilon is that of the norms.
	epsilon float64
	// maxPositions is max_position_embeddings, or what is called so.
	maxPositions int
	// tensors says where the weights lie.
	tensors tensors
	// spareHead is the head that is stored though it is tied.
	spareHead string
	ignored   []string // fields that the caller has said change nothing
	// most is the most tokens that the package may take, why says so where it is less
	// than maxPositions; 0 where there is no such limit.
	most int
	why  string
}

// limit bounds the context of the package.
func (d *decoder) limit(n int, why string) {
	if d.most == 0 || n < d.most {
		d.most, d.why = n, why
	}
}

// norm returns an RMS norm with the model's epsilon.
func (d *decoder) norm() *modelgen.Norm { return &modelgen.Norm{Epsilon: d.epsilon} }

// each calls f for every layer.
func (d *decoder) each(f func(i int, l *modelgen.Layer)) {
	for i := range d.Layers {
		f(i, &d.Layers[i])
	}
}

// synonyms are the fields that transformers also reads by Llama's name where an
// architecture calls them otherwise.
var synonyms = map[string]bool{"hidden_size": true, "num_hidden_layers": true, "num_attention_heads": true, "max_position_embeddings": true}

// noField is the name of a field that an architecture does not have. No field is read by
// it, so that what counts is the default.
const noField = ""

// field returns the name of a field of Llama's in this architecture. Llama's own name
// will do for the synonyms where the configuration has only that.
func (d *decoder) field(name string) string {
	own, ok := d.arch.fields[name]
	switch {
	case !ok:
		return name
	case own == noField:
		return noField
	}
	_, theirs := d.config.fields[name]
	if _, there := d.config.fields[own]; !there && theirs && synonyms[name] {
		return name
	}
	return own
}

// size reads a number of something by Llama's name for it.
func (d *decoder) size(name string) int {
	missing, ok := d.arch.sizes[name]
	switch {
	case !ok:
		missing = required
	case missing < 0:
		missing *= -d.Hidden
	}
	return d.config.count(d.field(name), missing)
}

// newDecoder reads a configuration. Ignored are fields of it that are not heeded.
func newDecoder(c *config, ignored []string) (*decoder, error) {
	a := architectures[c.modelType]
	if a == nil {
		known := strings.Join(slices.Sorted(maps.Keys(architectures)), ", ")
		return nil, &Error{ModelType: c.modelType, Field: "model_type", Err: unsupported("%s is none of the architectures that are known: %s", storage.Quote(c.modelType), known)}
	}
	d := &decoder{Model: &modelgen.Model{}, config: c, arch: a, tensors: maps.Clone(llamaTensors), ignored: ignored}
	maps.Copy(d.tensors, a.tensors)
	if a.spellings != nil {
		a.spellings(c)
	}
	d.readLlama()
	if a.differ != nil {
		a.differ(d)
	}
	if *c.err != nil {
		return nil, *c.err
	}
	return d, c.leftover(ignored)
}
