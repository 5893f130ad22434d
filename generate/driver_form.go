package generate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// DriverVersion is the version of the form that [Driver.Version] counts.
const DriverVersion = 1

// FamilyStages is the family of packages that are driven as their stages say.
const FamilyStages Family = "stages"

// Stage is one step of a forward pass: a function, or two of them over one cache.
type Stage struct {
	// Package is the package's file, relative to the folder of the model; empty
	// for the package that is opened.
	Package string `json:"package,omitempty"`
	// Function is the function for one token, empty for the package's default, and
	// Prefill the one for several, empty where Function takes them too.
	Function string `json:"function,omitempty"`
	Prefill  string `json:"prefill,omitempty"`
	// Inputs says what each input takes. One that either function lacks is left out
	// there.
	Inputs map[string]Role `json:"inputs,omitempty"`
	// State is a name of the caller's choice: stages with the same name share one
	// state. A stage without has its own.
	State string `json:"state,omitempty"`
	// CursorState is the state that counts the tokens, which the model advances by
	// itself.
	CursorState string `json:"cursor_state,omitempty"`
	// Snapshot lists the states that are not ordered by position for good, such as
	// rings and recurrent ones: cutting a sequence back takes a copy of them.
	Snapshot []string `json:"snapshot,omitempty"`
}

// RoleName is the meaning of an input. The constants Role… are all there are.
type RoleName string

// The roles of inputs. P is the number of tokens before a prediction and q that of
// its own.
const (
	// RoleTokens takes token ids, [batch, q].
	RoleTokens RoleName = "tokens"
	// RoleEmbeddings takes rows of a table in a raw file: File, Type, Rows, Width.
	RoleEmbeddings RoleName = "embeddings"
	// RoleOutput takes the output Output of an earlier stage, with Row "last" only
	// the row of the last token.
	RoleOutput RoleName = "output"
	// RolePositions takes the positions P to P+q-1, or P alone where it has room
	// for one number.
	RolePositions RoleName = "positions"
	// RoleCursor takes P, modulo Modulo where that is given.
	RoleCursor RoleName = "cursor"
	// RoleLength takes P+q, the tokens after the prediction; with Padded pads count.
	RoleLength RoleName = "length"
	// RoleCausalMask takes 0 where a token looks and Fill where not, [.., q, width].
	RoleCausalMask RoleName = "causal_mask"
	// RoleAttentionMask takes 1 for each token so far and 0 for the others.
	RoleAttentionMask RoleName = "attention_mask"
	// RoleUpdateMask takes 1 at the slot that is written and 0 elsewhere.
	RoleUpdateMask RoleName = "update_mask"
	// RoleCos and RoleSin take rotary tables: Theta, Layout.
	RoleCos RoleName = "cos"
	RoleSin RoleName = "sin"
	// RoleCache takes what the output Output gave in the last prediction, zeros at
	// first.
	RoleCache RoleName = "cache"
	// RoleConstant takes the number Value everywhere.
	RoleConstant RoleName = "constant"
)

// roleNames lists all roles in the order in which errors name them.
var roleNames = []RoleName{
	RoleTokens, RoleEmbeddings, RoleOutput, RolePositions, RoleCursor, RoleLength, RoleCausalMask, RoleAttentionMask,
	RoleUpdateMask, RoleCos, RoleSin, RoleCache, RoleConstant,
}

// Role says what an input takes. Which fields matter depends on Role.
type Role struct {
	// Role is the meaning.
	Role RoleName `json:"role"`
	// Output is the output that a cache or a hidden state comes from.
	Output string `json:"output,omitempty"`
	// Row is "last" where only the last token's row of Output is taken. Such a
	// stage runs only where logits are wanted.
	Row string `json:"row,omitempty"`
	// Fill is what a causal mask holds where a token may not look, below 0; nil
	// means minus infinity.
	Fill *float64 `json:"fill,omitempty"`
	// Window is how many positions a token sees, itself included; 0 means all.
	Window int `json:"window,omitempty"`
	// Ring says that a causal mask stands over the slots of a ring, in which
	// position p lies at slot p modulo the mask's width.
	Ring bool `json:"ring,omitempty"`
	// Modulo is what a cursor or the slot of an update mask is taken modulo of; 0
	// means nothing.
	Modulo int `json:"modulo,omitempty"`
	// Padded says that a length counts the pads of the prediction.
	Padded bool `json:"padded,omitempty"`
	// Theta is the base of rotary tables, 10000 where it is 0.
	Theta float64 `json:"theta,omitempty"`
	// Layout is how a row of a rotary table holds its angles: "halves" (all of
	// them twice, one behind the other; the default), "pairs" (each twice in
	// turn), or "once".
	Layout string `json:"layout,omitempty"`
	// File is the file of the table of embeddings, relative to the folder of the
	// model, Type "float16" or "float32", and Rows and Width its shape.
	File  string `json:"file,omitempty"`
	Type  string `json:"type,omitempty"`
	Rows  int    `json:"rows,omitempty"`
	Width int    `json:"width,omitempty"`
	// Recurrent says that a cache is not ordered by position: cutting a sequence
	// back takes a copy of it.
	Recurrent bool `json:"recurrent,omitempty"`
	// Shift is the axis on which the output is shorter than the cache: the cache is
	// moved along it, and the output takes the place at its end, whenever a window
	// is full (Prefill.Window).
	Shift int `json:"shift,omitempty"`
	// Value is the number of a constant.
	Value float64 `json:"value,omitempty"`
}

// Prefill says how prompts are shared out into predictions.
type Prefill struct {
	// Pad says that a rest that is shorter than the shapes allow is padded on the
	// right. Pads never reach over the end of the context.
	Pad bool `json:"pad,omitempty"`
	// HoldLast says that the last token of a prompt always goes through the
	// function for one token, because the other gives no logits.
	HoldLast bool `json:"hold_last,omitempty"`
	// Window, where it is not 0, is a number of tokens that are run together: those
	// since the last multiple of it, padded on the right, and all of them again for
	// each new token.
	Window int `json:"window,omitempty"`
}

// Output says what a forward pass gives. There are Logits or Indices.
type Output struct {
	// Logits are the outputs whose rows, joined in this order, are the logits.
	Logits []string `json:"logits,omitempty"`
	// VocabularyAxis is the axis of Logits along which the vocabulary lies; 0 means
	// the last, or as the sizes tell.
	VocabularyAxis int `json:"vocabulary_axis,omitempty"`
	// Indices are outputs with token ids: one, or the likeliest ones, of which
	// Values are the logits. Tokens are then chosen among them alone.
	Indices []string `json:"indices,omitempty"`
	Values  []string `json:"values,omitempty"`
	// Offsets say that each index is the best of one part of the vocabulary,
	// counted from the part's first id, which these are.
	Offsets []int `json:"offsets,omitempty"`
	// Vocabulary is the number of token ids, where Indices do not tell it.
	Vocabulary int `json:"vocabulary,omitempty"`
	// Greedy says that Indices are one token for each row, so that nothing is left
	// to choose.
	Greedy bool `json:"greedy,omitempty"`
}

// Rotation says which functions take over once a sliding window is full. They move
// their cache by as many places as they are given tokens: pads would push real ones
// out, so that only whole blocks go through them.
type Rotation struct {
	// From is the first position that they take.
	From int `json:"from"`
	// Functions names, for a function of a stage, the one that takes over.
	Functions map[string]string `json:"functions"`
}

// Rewind is a way to cut a sequence back.
type Rewind string

const (
	// RewindCursor goes on at an earlier place: caches are ordered by position.
	RewindCursor Rewind = "cursor"
	// RewindSnapshot goes back to a copy that was kept at the end of a turn and runs
	// what follows it again.
	RewindSnapshot Rewind = "snapshot"
	// RewindNone runs the sequence again from its start.
	RewindNone Rewind = "none"
)

// describeStages is String for a driver with stages.
func (d *Driver) describeStages() string {
	var parts []string
	for i := range d.Stages {
		s := &d.Stages[i]
		name := strings.Trim(s.Package+" "+s.Function, " ")
		if s.Prefill != "" {
			name += "/" + s.Prefill
		}
		var roles []string
		for _, in := range slices.Sorted(maps.Keys(s.Inputs)) {
			if r := s.Inputs[in]; r.Role != RoleCache || len(s.Inputs) <= 8 {
				roles = append(roles, string(r.Role)+" in "+in)
			}
		}
		if n := countRole(s.Inputs, RoleCache); n > 0 && len(s.Inputs) > 8 {
			roles = append(roles, fmt.Sprintf("%d caches", n))
		}
		parts = append(parts, strings.Trim(name+" ("+strings.Join(roles, ", ")+")", " "))
	}
	s := string(d.Family) + ": " + strings.Join(parts, ", then ")
	if o := d.Output; o != nil {
		if len(o.Logits) > 0 {
			s += ", logits from " + strings.Join(o.Logits, ", ")
		} else {
			s += ", token ids from " + strings.Join(o.Indices, ", ")
		}
	}
	if d.ContextLength > 0 {
		s += fmt.Sprintf(", context %d", d.ContextLength)
	}
	if d.Rewind != "" && d.Rewind != RewindCursor {
		s += ", rewound by " + string(d.Rewind)
	}
	return s + d.Image.describe()
}

// countRole returns how many inputs have a role.
func countRole(inputs map[string]Role, name RoleName) int {
	n := 0
	for _, r := range inputs {
		if r.Role == name {
			n++
		}
	}
	return n
}

// clone returns a copy that shares nothing with d.
func (d *Driver) clone() *Driver {
	c := *d
	c.Caches, c.Constants = maps.Clone(d.Caches), maps.Clone(d.Constants)
	c.Stages = slices.Clone(d.Stages)
	for i := range c.Stages {
		c.Stages[i].Inputs = maps.Clone(c.Stages[i].Inputs)
		c.Stages[i].Snapshot = slices.Clone(c.Stages[i].Snapshot)
	}
	if d.Prefill != nil {
		c.Prefill = new(*d.Prefill)
	}
	if d.Output != nil {
		o := *d.Output
		o.Logits, o.Indices, o.Values, o.Offsets = slices.Clone(o.Logits), slices.Clone(o.Indices), slices.Clone(o.Values), slices.Clone(o.Offsets)
		c.Output = &o
	}
	if d.Rotation != nil {
		c.Rotation = &Rotation{From: d.Rotation.From, Functions: maps.Clone(d.Rotation.Functions)}
	}
	c.Image = d.Image.clone()
	return &c
}

// expanded returns the stages, those of a driver without any made from its other
// fields.
func (d *Driver) expanded() []Stage {
	if len(d.Stages) > 0 {
		return d.Stages
	}
	inputs := map[string]Role{}
	for name, v := range d.Constants {
		inputs[name] = Role{Role: RoleConstant, Value: v}
	}
	for in, out := range d.Caches {
		inputs[in] = Role{Role: RoleCache, Output: out}
	}
	for name, r := range map[string]Role{
		d.Tokens: {Role: RoleTokens}, d.Mask: {Role: RoleCausalMask, Fill: d.MaskFill}, d.AttentionMask: {Role: RoleAttentionMask},
	} {
		if name != "" {
			inputs[name] = r
		}
	}
	return []Stage{{Inputs: inputs}}
}
