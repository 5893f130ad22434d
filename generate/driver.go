package generate

import "fmt"

// Family is the way in which a package is driven. The constants Family… name
// those that there are.
type Family string

// Driver says what a package's inputs and outputs mean. It is what a driver file
// holds as JSON, such as
//
//	{"tokens": "ids", "mask": "bias", "mask_fill": -10000, "constants": {"scale": 1}}
//
// and [Detect] fills in what the file leaves out. The file of Model.mlpackage
// lies beside it and is named Model.driver.json or driver.json.
type Driver struct {
	// Family is the way to drive the package.
	Family Family `json:"family,omitempty"`
	// Tokens is the input that takes token ids, [1, q].
	Tokens string `json:"tokens,omitempty"`
	// Mask is the input that takes the additive causal mask, [1, 1, q, past+q].
	Mask string `json:"mask,omitempty"`
	// MaskFill is what the mask holds where a token may not look, a number below
	// 0; the default is minus infinity.
	MaskFill *float64 `json:"mask_fill,omitempty"`
	// AttentionMask is the input that takes 1 for a token and 0 for padding,
	// [1, n]. Only a package without a cache has one.
	AttentionMask string `json:"attention_mask,omitempty"`
	// Logits is the output with a row of logits for each token, or for the last.
	Logits string `json:"logits,omitempty"`
	// Caches names, for each input that takes a cache, the output that gives it.
	Caches map[string]string `json:"caches,omitempty"`
	// Constants are numbers with which further inputs are filled.
	Constants map[string]float64 `json:"constants,omitempty"`
	// ContextLength is the greatest number of tokens. It may be less than what the
	// package's shapes allow, not more.
	ContextLength int `json:"context,omitempty"`
	// MaxQuery is the greatest number of tokens in one prediction; 0 means that
	// the declared shapes alone decide. A package without a cache has none: it takes
	// all of them every time.
	MaxQuery int `json:"max_query,omitempty"`

	// Version is that of the form, 1; 0 means 1.
	Version int `json:"version,omitempty"`
	// Stages are the functions that run one after the other, for packages that the
	// fields above do not describe. Of a single package there is one.
	Stages []Stage `json:"stages,omitempty"`
	// Prefill says how a prompt is shared out; nil means as the shapes say.
	Prefill *Prefill `json:"prefill,omitempty"`
	// Output says what comes out of the last stage; nil means Logits.
	Output *Output `json:"output,omitempty"`
	// Rotation names the functions that take over behind a sliding window.
	Rotation *Rotation `json:"rotation,omitempty"`
	// Image says how pictures come in; nil means as the packages of the folder tell.
	Image *ImageStage `json:"image,omitempty"`
	// Rewind says how a sequence is cut back; empty means by the cursor.
	Rewind Rewind `json:"rewind,omitempty"`
}

// String describes the driver for people.
func (d *Driver) String() string {
	if d == nil {
		return "no driver"
	}
	if len(d.Stages) > 0 {
		return d.describeStages()
	}
	s := fmt.Sprintf("%s: tokens in %s", d.Family, d.Tokens)
	if d.Mask != "" {
		s += ", causal mask in " + d.Mask
	}
	if d.AttentionMask != "" {
		s += ", attention mask in " + d.AttentionMask
	}
	s += ", logits from " + d.Logits
	if d.ContextLength > 0 {
		s += fmt.Sprintf(", context %d", d.ContextLength)
	}
	if d.MaxQuery == 1 {
		s += ", one token per prediction"
	}
	return s
}
