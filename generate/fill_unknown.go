package generate

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/internal/axes"
)

// unknownInput returns the error of an input that nothing tells of, with what to
// write.
func (f *filler) unknownInput(s *Stage, in *coreml.FeatureDescription) error {
	role := "cursor"
	_, width, mask := f.maskAxes(in)
	switch {
	case marksSlots(in):
		role = "update_mask"
	case mask && countRole(s.Inputs, RoleCausalMask) > 0:
		return undetected("input %s looks like the mask of a sliding window, whose places may be in the order of positions or those of a ring; write into a driver file: %s, or \"window\": %d for \"ring\": true",
			in, f.line(s, in.Name, `{"role": "causal_mask", "ring": true}`), width)
	case in.Kind != coreml.KindMultiArray:
		return undetected("input %s is neither token ids nor a mask, nor anything else that text generation gives", in)
	case f.maybeCache(s, in):
		return undetected("input %s takes what an output of the same shape gave, and nothing tells which of them; write into a driver file: %s, and likewise for the other inputs; the outputs are %s", in,
			f.line(s, in.Name, `{"role": "cache", "output": "OUTPUT"}`), featureNames(f.one.Outputs))
	case axes.Rank(in) == 4, axes.Rank(in) > 1 && in.DType.IsFloat() && nameContains(in, "mask"):
		role = "causal_mask"
	case axes.Rank(in) == 3 && f.stage == 0 && in.DType.IsFloat():
		return undetected("input %s takes embeddings, and no package gives them; where a raw file has them, write into a driver file: %s", in,
			f.line(s, in.Name, `{"role": "embeddings", "file": "embed_weight.bin", "type": "float16", "rows": ROWS, "width": `+fmt.Sprint(widthOf(in))+`}`))
	case axes.Rank(in) == 3 && in.DType.IsFloat():
		role = "output"
	case !isNumber(in):
		role = "positions"
	}
	var names []string
	for _, r := range roleNames {
		names = append(names, string(r))
	}
	return undetected("the meaning of input %s is not known; write into a driver file: %s, with one of the roles %s", in,
		f.line(s, in.Name, `{"role": "`+role+`"}`), strings.Join(names, ", "))
}

// line returns a driver that says what an input of a stage takes, for copying.
func (f *filler) line(s *Stage, name, role string) string {
	key, _ := json.Marshal(name)
	stage := fmt.Sprintf(`{"inputs": {%s: %s}}`, key, role)
	if s.Package != "" {
		file, _ := json.Marshal(s.Package)
		stage = fmt.Sprintf(`{"package": %s, "inputs": {%s: %s}}`, file, key, role)
	}
	return `{"stages": [` + stage + `]}`
}
