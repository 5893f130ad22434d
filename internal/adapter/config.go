package adapter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"

	"github.com/gocoreml/coreml/internal/storage"
)

// fieldsOf decodes the top level of a configuration.
func fieldsOf(raw []byte) (map[string]json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, bad("%s: %w", configName, storage.JSONError(err))
	}
	return fields, nil
}

// take decodes a field that may be absent or null, which leaves into as it is.
func take(fields map[string]json.RawMessage, key string, into any) error {
	raw, ok := fields[key]
	if !ok || empty(raw) && string(bytes.TrimSpace(raw)) == "null" {
		return nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return bad("%s: %s: %w", configName, key, storage.JSONError(err))
	}
	return nil
}

// empty reports whether a field says nothing: null, false, or an empty list, object or text.
func empty(raw json.RawMessage) bool {
	switch string(bytes.TrimSpace(raw)) {
	case "", "null", "false", "[]", "{}", `""`:
		return true
	}
	return false
}

// peft is the configuration of LoRA that PEFT writes.
type peft struct {
	rank    int
	alpha   float64
	rslora  bool
	ranks   []pattern[int]
	alphas  []pattern[float64]
	targets func(module string) bool // nil where the configuration does not tell
	toSave  []string
	// biases says that biases are trained: all, or those of the modules with factors. The
	// tensors tell which.
	biases bool
}

// pattern is an entry of rank_pattern or alpha_pattern.
type pattern[T any] struct {
	key   *regexp.Regexp
	value T
}

// harmless are fields that do not change what an adapter computes once it is trained. Of
// target_modules and its like the tensors that are there tell; fan_in_fan_out says how
// the model stores its matrices, and matters to those who add the product to them.
var harmless = []string{
	"peft_type", "peft_version", "auto_mapping", "base_model_name_or_path", "revision", "task_type", "inference_mode",
	"r", "lora_alpha", "lora_dropout", "bias", "use_rslora", "rank_pattern", "alpha_pattern",
	"target_modules", "exclude_modules", "layers_to_transform", "layers_pattern", "fan_in_fan_out", "modules_to_save",
	"init_lora_weights", "megatron_core", "qalora_group_size", "eva_config", "runtime_config",
}

// keepBase are the values of init_lora_weights that leave the model's own weights as they
// are. Others, such as pissa, take a part of them away, and the adapter belongs to what is left.
var keepBase = []string{"true", "false", `"gaussian"`, `"eva"`, `"orthogonal"`, "null"}

// readPEFT reads a configuration of PEFT and refuses what is not plain LoRA.
func readPEFT(fields map[string]json.RawMessage) (*peft, error) {
	method := ""
	if err := take(fields, "peft_type", &method); err != nil {
		return nil, err
	}
	if method != "LORA" {
		return nil, bad("peft_type is %s: only LORA is applied", name(method))
	}
	if err := refuseOthers(fields); err != nil {
		return nil, err
	}
	c := &peft{rank: 8, alpha: 8}
	if err := c.takeAll(fields); err != nil {
		return nil, err
	}
	if c.rank < 1 || math.IsNaN(c.alpha) || math.IsInf(c.alpha, 0) {
		return nil, bad("%s: r is %d and lora_alpha %v", configName, c.rank, c.alpha)
	}
	return c, nil
}

// refuseOthers refuses fields that change the arithmetic.
func refuseOthers(fields map[string]json.RawMessage) error {
	if raw, ok := fields["init_lora_weights"]; ok && !slices.Contains(keepBase, string(bytes.TrimSpace(raw))) {
		return bad("init_lora_weights is %s, which changes the model's own weights: convert the adapter with peft's path_initial_model_for_weight_conversion, which gives one for the unchanged model", name(string(raw)))
	}
	var keys []string
	for key, raw := range fields {
		if !slices.Contains(harmless, key) && !empty(raw) {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	slices.Sort(keys)
	key := keys[0]
	if key == "use_dora" {
		return bad("use_dora is set: the magnitudes of DoRA are not applied; merge the adapter into the model with peft and convert that")
	}
	return bad("%s is %s, and what that changes is not applied", name(key), name(string(fields[key])))
}

// takeAll decodes the fields.
func (c *peft) takeAll(fields map[string]json.RawMessage) (err error) {
	var ranks, alphas json.RawMessage
	for _, f := range []struct {
		key  string
		into any
	}{
		{"r", &c.rank},
		{"lora_alpha", &c.alpha},
		{"use_rslora", &c.rslora},
		{"rank_pattern", &ranks},
		{"alpha_pattern", &alphas},
		{"modules_to_save", &c.toSave},
	} {
		if err := take(fields, f.key, f.into); err != nil {
			return err
		}
	}
	bias := "none"
	if err := take(fields, "bias", &bias); err != nil {
		return err
	}
	switch bias {
	case "none":
	case "all", "lora_only":
		c.biases = true
	default:
		return bad("bias is %s, and none, all and lora_only are what is applied", name(bias))
	}
	if c.ranks, err = patterns[int]("rank_pattern", ranks); err != nil {
		return err
	}
	if c.alphas, err = patterns[float64]("alpha_pattern", alphas); err != nil {
		return err
	}
	c.targets, err = targetsOf(fields["target_modules"])
	return err
}

// patterns reads rank_pattern or alpha_pattern in its order: the first key that matches
// holds. A key is a regular expression for the end of a module's name.
func patterns[T any](field string, raw json.RawMessage) ([]pattern[T], error) {
	if empty(raw) {
		return nil, nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, bad("%s: %s is not an object", configName, field)
	}
	var out []pattern[T]
	for dec.More() {
		t, err := dec.Token()
		key, ok := t.(string)
		if err != nil || !ok {
			return nil, bad("%s: %s is not an object", configName, field)
		}
		var p pattern[T]
		if err := dec.Decode(&p.value); err != nil {
			return nil, bad("%s: %s of %s: %w", configName, field, name(key), storage.JSONError(err))
		}
		if p.key, err = compile(fmt.Sprintf(`^(?:.*\.)?(?:%s)$`, key)); err != nil {
			return nil, bad("%s: %s: pattern %s: %w", configName, field, name(key), err)
		}
		out = append(out, p)
	}
	return out, nil
}

// maxPattern bounds a regular expression: compiling takes memory in proportion.
const maxPattern = 16 << 10

func compile(text string) (*regexp.Regexp, error) {
	if len(text) > maxPattern {
		return nil, fmt.Errorf("%d bytes, at most %d", len(text), maxPattern)
	}
	return regexp.Compile(text)
}

// targetsOf returns what target_modules says of a module's name: a list names the ends of
// names, a text is a regular expression for the whole name. Python's expressions have
// forms that Go's lack, and "all-linear" depends on the model; then the tensors tell alone.
func targetsOf(raw json.RawMessage) (func(string) bool, error) {
	if empty(raw) {
		return nil, nil
	}
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		return func(module string) bool {
			return slices.ContainsFunc(list, func(entry string) bool { return endsWith(module, entry) })
		}, nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return nil, bad("%s: target_modules is neither a text nor a list of texts", configName)
	}
	if text == "all-linear" {
		return nil, nil
	}
	re, err := compile("^(?:" + text + ")$")
	if err != nil {
		return nil, nil //nolint:nilerr // a pattern that Python alone reads tells nothing here
	}
	return re.MatchString, nil
}

// endsWith reports whether a module's name is entry, or ends in it behind a dot.
func endsWith(module, entry string) bool {
	n := len(module) - len(entry)
	return n == 0 && module == entry || n > 0 && module[n-1] == '.' && module[n:] == entry
}

// first returns the value of the first pattern that matches, else otherwise.
func first[T any](patterns []pattern[T], module string, otherwise T) T {
	for _, p := range patterns {
		if p.key.MatchString(module) {
			return p.value
		}
	}
	return otherwise
}

// scale returns the number that the product of a module is multiplied by.
func (c *peft) scale(module string, rank int) float64 {
	alpha := first(c.alphas, module, c.alpha)
	if c.rslora {
		return alpha / math.Sqrt(float64(rank))
	}
	return alpha / float64(rank)
}
