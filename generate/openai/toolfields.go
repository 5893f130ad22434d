package openai

import (
	"encoding/json"

	"github.com/gocoreml/coreml/generate"
)

// maxTools bounds the functions of a request.
const maxTools = 256

// toolFields reads the functions that the model may call, in the form of chat completions.
func (j *job) toolFields(o *object) {
	o.refuse("is of an interface that OpenAI has given up; functions are given as tools", "functions", "function_call")
	for k, raw := range o.list("tools", maxTools) {
		path := element(o.at("tools"), k)
		tool, err := parseObject(raw, path)
		if err != nil {
			o.fail(errorOf(err))
			return
		}
		if kind := tool.text("type"); tool.err == nil && kind != "function" {
			tool.fail(unsupported(path+".type", "is %s, want function", shown(kind)))
		}
		f := tool.object("function")
		switch {
		case f == nil:
			tool.bad("function", "is missing")
		default:
			checkFunction(f)
			tool.join(f)
		}
		o.join(tool)
		j.opts.Tools = append(j.opts.Tools, raw)
	}
	j.callFields(o)
}

// callFields reads which of the functions are called, and how many at once.
func (j *job) callFields(o *object) {
	j.toolChoice(o)
	if o.has("parallel_tool_calls") {
		j.oneCall = !o.flag("parallel_tool_calls")
	}
	j.checkTools(o)
}

// checkFunction refuses what describes no function.
func checkFunction(f *object) {
	if name := f.text("name"); f.err == nil && name == "" {
		f.bad("name", "is missing")
	}
	f.text("description")
	if f.has("parameters") {
		f.object("parameters")
	}
}

// toolChoice reads which functions are called.
func (j *job) toolChoice(o *object) {
	raw := o.raw("tool_choice")
	if raw == nil {
		return
	}
	if kindOfJSON(raw) == "an object" {
		choice := o.object("tool_choice")
		j.namedTool(choice)
		o.join(choice)
		return
	}
	switch choice := o.text("tool_choice"); {
	case o.err != nil, choice == "auto":
	case choice == "none":
		j.opts.ToolChoice = generate.ToolNone
	case choice == "required":
		j.opts.ToolChoice = generate.ToolRequired
	default:
		o.bad("tool_choice", "is %s, want none, auto, required or an object that names a function", shown(choice))
	}
}

// namedTool reads the choice of one function. The name is in an object of its own in chat
// completions, and beside the type in responses.
func (j *job) namedTool(choice *object) {
	if kind := choice.text("type"); choice.err == nil && kind != "function" {
		choice.fail(unsupported(choice.at("type"), "is %s, want function", shown(kind)))
		return
	}
	name := choice.text("name")
	if f := choice.object("function"); f != nil {
		name = f.text("name")
		choice.join(f)
	}
	if choice.err == nil && name == "" {
		choice.bad("function", "has no name")
	}
	if j.opts.ToolChoice = name; name == generate.ToolNone || name == generate.ToolRequired || name == "auto" {
		choice.bad("function", "has the name %s, which means something else", shown(name))
	}
}

// checkTools refuses what tools cannot be combined with.
func (j *job) checkTools(o *object) {
	switch {
	case len(j.opts.Tools) == 0:
		j.opts.Tools = nil
		if j.opts.ToolChoice == generate.ToolNone {
			j.opts.ToolChoice = generate.ToolAuto
		}
		if j.opts.ToolChoice != generate.ToolAuto {
			o.bad("tool_choice", "asks for a call, but there are no tools")
		}
	case j.opts.Grammar != nil && j.opts.ToolChoice == generate.ToolNone:
		// The answer is the grammar's, and names no function.
	case j.opts.Grammar != nil:
		o.fail(unsupported("response_format", "cannot be combined with tools, unless tool_choice is none"))
	}
}

// rawTool returns a function in the form of chat completions, which templates are given.
func rawTool(name, description string, parameters json.RawMessage) (json.RawMessage, error) {
	type function struct {
		Name        string          `json:"name"`
		Description string          `json:"description,omitempty"`
		Parameters  json.RawMessage `json:"parameters,omitempty"`
	}
	return json.Marshal(struct {
		Type     string   `json:"type"`
		Function function `json:"function"`
	}{"function", function{name, description, parameters}})
}
