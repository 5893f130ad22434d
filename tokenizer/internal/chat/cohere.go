package chat

import (
	"encoding/json"
	"strings"
)

// cohere is the format of Cohere's Command R7B, A and later: a list of objects between
// marks.
var cohere = &format{
	name:     "cohere",
	marks:    append(cohereReaders.opens(), "<|END_ACTION|>", "<|START_THINKING|>", "<|END_THINKING|>"),
	suits:    contains("<|START_ACTION|>"),
	opens:    cohereReaders.opens(),
	always:   true,
	ends:     "]>",
	thinking: []thinking{{open: "<|START_THINKING|>", end: "<|END_THINKING|>"}},
	read:     cohereReaders.read,
}

var cohereReaders = silent("<|START_RESPONSE|>", "<|END_RESPONSE|>", "<|START_TEXT|>", "<|END_TEXT|>").
	and(jsonSeriesOf("<|END_ACTION|>", cohereCall), "<|START_ACTION|>")

// commandR is the format of Cohere's first Command R: the word Action and a list in a
// fence of Markdown.
var commandR = &format{
	name:  "command-r",
	suits: contains(`"tool_name"`, "Action:"),
	opens: words{"Action:"},
	ends:  "]`",
	read:  known(jsonSeriesOf("", cohereCall)),
}

// cohereCall reads a call with the names that Cohere gives to its fields. The tool with
// which a model says that it calls none is left out.
func cohereCall(raw json.RawMessage) (Call, bool) {
	var f struct {
		ID         string          `json:"tool_call_id"`
		Name       string          `json:"tool_name"`
		Parameters json.RawMessage `json:"parameters"`
	}
	if json.Unmarshal(raw, &f) != nil || f.Name == "" {
		return callOf(raw)
	}
	arguments, ok := argumentsOf(f.Parameters)
	if strings.ReplaceAll(f.Name, "-", "_") == "directly_answer" {
		return Call{}, ok
	}
	return Call{ID: f.ID, Name: f.Name, Arguments: arguments}, ok
}
