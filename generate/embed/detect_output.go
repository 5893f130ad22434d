package embed

import (
	"slices"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
)

// output is an output with what it is taken for.
type output struct {
	f     *coreml.FeatureDescription
	gives Gives
	// why says why it is neither vectors nor scores, in words that continue a sentence
	// whose subject is the output.
	why string
}

// bindOutput chooses the output.
func (b *binder) bindOutput() error {
	if b.d.Output != "" {
		return b.checkOutput()
	}
	var rows, vectors, scores []output
	why := ""
	for i := range b.desc.Outputs {
		o := b.look(&b.desc.Outputs[i])
		switch o.gives {
		case GivesRows:
			rows = append(rows, o)
		case GivesVector:
			vectors = append(vectors, o)
		case GivesScores:
			scores = append(scores, o)
		default:
			why = o.f.String() + " " + o.why
		}
	}
	if b.d.Gives != "" {
		rows, vectors, scores = keep(b.d.Gives, rows, vectors, scores)
	}
	if len(rows)+len(vectors)+len(scores) == 0 {
		if why == "" {
			return noEmbeddings("there are no outputs")
		}
		return noEmbeddings("output %s", why)
	}
	return b.choose(rows, vectors, scores)
}

// keep drops the lists of other kinds than the one that the driver says.
func keep(kind Gives, rows, vectors, scores []output) (r, v, s []output) {
	switch kind {
	case GivesRows:
		return rows, nil, nil
	case GivesVector:
		return nil, vectors, nil
	}
	return nil, nil, scores
}

// choose takes the output that the pooling asks for, or the only one that can be
// meant.
func (b *binder) choose(rows, vectors, scores []output) error {
	pooled := len(b.pooling.parts()) > 0
	switch {
	case len(scores) == 1 && (b.classifies || len(rows)+len(vectors) == 0):
		return b.take(scores[0])
	case pooled && len(rows) > 0:
		return b.takeOne(rows, "last", "token", "sequence")
	case len(vectors) > 0 && (len(rows) == 0 || b.pooling == PoolingNone):
		return b.takeOne(vectors, "sentence", "text", "embed", "vector")
	case len(vectors) > 0:
		// Beside the rows, BERT's pooler is as often there as a vector that is meant.
		for _, o := range vectors {
			if speaksOf(o.f.Name, "sentence", "text", "embed", "vector") {
				return b.take(o)
			}
		}
		return noEmbeddings("output %s is a vector for a text and output %s one for each token: set the pooling, to none for the first, or to mean, cls, last or max for the second", vectors[0].f, rows[0].f)
	case len(rows) > 0:
		return noEmbeddings("output %s is a vector for each token, and nothing says how they become one: set the pooling (mean, cls, last or max), or put modules.json and 1_Pooling/config.json beside the package", rows[0].f)
	}
	return b.takeOne(scores, "logit", "score")
}

// takeOne takes the only output of a list, or the first whose name has one of the
// words, in the order of the words.
func (b *binder) takeOne(list []output, wanted ...string) error {
	if len(list) == 1 {
		return b.take(list[0])
	}
	for _, word := range wanted {
		var found []output
		for _, o := range list {
			if speaksOf(o.f.Name, word) {
				found = append(found, o)
			}
		}
		if len(found) == 1 {
			return b.take(found[0])
		}
	}
	return noEmbeddings("the outputs %s and %s could both be meant: a driver file says which, as in {\"output\": %q}", list[0].f, list[1].f, clip(list[0].f.Name))
}

// take makes an output the one that is used.
func (b *binder) take(o output) error {
	b.d.Output, b.d.Gives = o.f.Name, o.gives
	if o.gives == GivesRows && len(b.pooling.parts()) == 0 {
		return noEmbeddings("output %s is a vector for each token, and nothing says how they become one: set the pooling (mean, cls, last or max)", o.f)
	}
	return nil
}

// checkOutput looks at the output that a driver names. What it is counts less than
// what the driver says of it.
func (b *binder) checkOutput() error {
	f := b.desc.Output(b.d.Output)
	if f == nil {
		return driverErrorf("output", "there is no output %q: the outputs are %s", clip(b.d.Output), describe(b.desc.Outputs))
	}
	o := b.look(f)
	switch {
	case !isFloat(f):
		return driverErrorf("output", "%s %s", f, o.why)
	case b.d.Gives == "" && o.gives == "":
		return driverErrorf("output", "%s %s: if it is meant, say what it gives, as in {\"gives\": \"rows\"}", f, o.why)
	case b.d.Gives != "":
		o.gives = b.d.Gives
	}
	return b.take(o)
}

// shape returns what is known of an output's shape, -1 standing for sizes that
// depend on the inputs; nil where nothing is known.
func (b *binder) shape(f *coreml.FeatureDescription) []int {
	var declared []int
	for axis := range axes.Rank(f) {
		lo, hi := bounds(f, axis)
		if lo != hi {
			lo = -1
		}
		declared = append(declared, lo)
	}
	if b.shapeOf == nil {
		return declared
	}
	known := slices.Clone(b.shapeOf(f.Name))
	if len(known) == 0 {
		return declared
	}
	if len(known) == len(declared) {
		for i, n := range known {
			if n < 0 {
				known[i] = declared[i]
			}
		}
	}
	return known
}

// look says what an output is.
func (b *binder) look(f *coreml.FeatureDescription) output {
	if !isFloat(f) {
		return output{f: f, why: "holds no floating-point numbers"}
	}
	shape := b.shape(f)
	switch perToken, size := b.perToken(shape); {
	case len(shape) == 0:
		return b.lookAtName(f)
	case size == 0:
		return output{f: f, why: "is neither a vector for each text nor one for each token"}
	case perToken && b.isLogits(f, size):
		return output{f: f, why: "has a row of logits for each token, as language models have and those that label tokens"}
	case perToken:
		return output{f: f, gives: GivesRows}
	case b.isScores(f, size):
		if b.isLogits(f, size) && b.entries > 0 && size >= b.entries {
			return output{f: f, why: "has a logit for each entry of the vocabulary, as language models have"}
		}
		return output{f: f, gives: GivesScores}
	}
	return output{f: f, gives: GivesVector}
}

// perToken says whether an output of a shape has a vector for each token, and the
// vectors' size: 0 where there are none, -1 where it is not known.
func (b *binder) perToken(shape []int) (perToken bool, size int) {
	_, most := bounds(b.tokens, -1)
	_, texts := bounds(b.tokens, 0)
	if axes.Rank(b.tokens) == 1 {
		texts = 1
	}
	switch len(shape) {
	case 1:
		return false, shape[0]
	case 2:
		if shape[1] == -1 {
			return false, 0 // a number for each token
		}
		if texts == 1 && most != 1 && (shape[0] == -1 || shape[0] > 1) {
			return true, shape[1] // one text without an axis for it
		}
		return false, shape[1]
	case 3:
		return shape[1] != 1 || most == 1, shape[2]
	case 4:
		if shape[1] == 1 && shape[2] != 1 {
			return true, shape[3]
		}
		return shape[3] != 1 || shape[2] != 1, shape[1]
	}
	return false, 0
}

// isLogits reports whether the rows of an output are logits of a vocabulary.
func (b *binder) isLogits(f *coreml.FeatureDescription, size int) bool {
	if speaksOf(f.Name, "logit") {
		return true
	}
	return b.entries > 0 && size >= b.entries && !speaksOf(f.Name, "hidden", "embed", "state", "feature")
}

// isScores reports whether the numbers of a text are those of classes.
func (b *binder) isScores(f *coreml.FeatureDescription, size int) bool {
	return size == 1 || speaksOf(f.Name, "logit", "score", "prob", "relevance", "class", "label") ||
		b.classifies && !speaksOf(f.Name, "hidden", "embed", "pool")
}

// lookAtName judges an output whose shape nobody knows.
func (b *binder) lookAtName(f *coreml.FeatureDescription) output {
	switch {
	case b.d.Gives != "":
		return output{f: f, gives: b.d.Gives}
	case b.classifies && speaksOf(f.Name, "logit", "score"):
		return output{f: f, gives: GivesScores}
	case speaksOf(f.Name, "hidden"):
		return output{f: f, gives: GivesRows}
	case speaksOf(f.Name, "sentence"):
		return output{f: f, gives: GivesVector}
	}
	return output{f: f, why: "has no shape in the package: a driver file says what it is, as in {\"output\": \"" + clip(f.Name) + "\", \"gives\": \"rows\"}"}
}
