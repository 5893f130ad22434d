package openai

import (
	"encoding/json"

	"github.com/gocoreml/coreml/generate"
)

// messageJob reads a request of Anthropic's interface, but for how long the answer may be.
// Fields that it does not have are those of chat completions, with their names.
func (x *exchange) messageJob(o *object) (*job, error) {
	j, err := x.newJob(o)
	if err != nil {
		return nil, err
	}
	j.turnFields(o)
	j.anthropicTools(o)
	j.thinkingField(o)
	j.outputConfig(o)
	j.endFields(o)
	j.stopSequences(o)
	j.sampleFields(o)
	j.templateFields(o)
	j.checkTools(o)
	refuseCommon(o)
	o.refuse("there are no containers", "container")
	o.refuse("there are no servers of tools", "mcp_servers")
	o.refuse("a message has one answer", "n")
	if err := o.failed(); err != nil {
		return nil, err
	}
	return j, nil
}

// stopSequences reads the texts that end the answer.
func (j *job) stopSequences(o *object) {
	if !o.has("stop_sequences") {
		return
	}
	j.opts.Stop = o.texts("stop_sequences", maxStops)
	for k, text := range j.opts.Stop {
		if text == "" || len(text) > maxStop {
			o.fail(badField(element("stop_sequences", k), "has %d bytes, want 1 to %d", len(text), maxStop))
		}
	}
}

// anthropicTools reads the functions that the model may call.
func (j *job) anthropicTools(o *object) {
	for k, raw := range o.list("tools", maxTools) {
		tool, err := parseObject(raw, element("tools", k))
		if err != nil {
			o.fail(errorOf(err))
			return
		}
		if kind := tool.text("type"); tool.err == nil && kind != "" && kind != "custom" {
			tool.fail(unsupported(tool.at("type"), "is %s; tools of the server are not there, want custom", shown(kind)))
		}
		name := tool.text("name")
		if tool.err == nil && name == "" {
			tool.bad("name", "is missing")
		}
		description, schema := tool.text("description"), tool.object("input_schema")
		tool.join(schema)
		if tool.err == nil && schema == nil {
			tool.bad("input_schema", "is missing")
		}
		if o.join(tool); o.err != nil {
			return
		}
		made, err := rawTool(name, description, tool.raw("input_schema"))
		if err != nil {
			o.fail(badField(tool.path, "%v", err))
			return
		}
		j.opts.Tools = append(j.opts.Tools, made)
	}
	choice := o.object("tool_choice")
	if choice == nil {
		return
	}
	j.anthropicChoice(choice)
	o.join(choice)
}

// anthropicChoice reads which functions are called.
func (j *job) anthropicChoice(choice *object) {
	j.oneCall = choice.flag("disable_parallel_tool_use")
	switch kind, name := choice.text("type"), choice.text("name"); {
	case choice.err != nil, kind == "auto":
	case kind == "none":
		j.opts.ToolChoice = generate.ToolNone
	case kind == "any":
		j.opts.ToolChoice = generate.ToolRequired
	case kind != "tool":
		choice.bad("type", "is %s, want auto, any, tool or none", shown(kind))
	case name == "" || name == generate.ToolNone || name == generate.ToolRequired:
		choice.bad("name", "is %s, want the name of a tool", shown(name))
	default:
		j.opts.ToolChoice = name
	}
}

// thinkingField reads how much the model thinks. Chat templates that can be told are told by
// the variable that most of them have.
func (j *job) thinkingField(o *object) {
	t := o.object("thinking")
	if t == nil {
		return
	}
	defer o.join(t)
	think := true
	switch kind := t.text("type"); {
	case t.err != nil:
		return
	case kind == "disabled":
		think, j.opts.ReasoningBudget = false, -1
	case kind == "adaptive":
	case kind == "enabled":
		n, ok := t.integer("budget_tokens", 1, maxLimit)
		if !ok && t.err == nil {
			t.bad("budget_tokens", "is missing")
		}
		j.opts.ReasoningBudget = n
	default:
		t.fail(unsupported(t.at("type"), "is %s, want enabled, adaptive or disabled", shown(kind)))
	}
	switch display := t.text("display"); display {
	case "", "summarized":
	case "omitted":
		j.hideThinking = true
	default:
		t.bad("display", "is %s, want summarized or omitted", shown(display))
	}
	o.fields["enable_thinking"], _ = json.Marshal(think)
}

// outputConfig reads the form of the answer and how much effort it is worth.
func (j *job) outputConfig(o *object) {
	j.grammarFields(o)
	c := o.object("output_config")
	if c == nil {
		return
	}
	defer o.join(c)
	switch effort := c.text("effort"); effort {
	case "":
	case "low", "medium", "high", "xhigh", "max":
		if o.object("thinking") != nil && o.object("thinking").text("type") != "disabled" {
			o.fields["reasoning_effort"] = c.raw("effort")
		}
	default:
		c.bad("effort", "is %s, want low, medium, high, xhigh or max", shown(effort))
	}
	f := c.object("format")
	if f == nil {
		return
	}
	defer c.join(f)
	switch kind := f.text("type"); {
	case f.err != nil:
	case kind != "json_schema":
		f.bad("type", "is %s, want json_schema", shown(kind))
	case f.object("schema") == nil:
		f.bad("schema", "is missing")
	default:
		r := &grammarReader{job: j, o: f}
		if j.opts.Grammar != nil {
			r.given = "another grammar"
		}
		r.schema(f.at("schema"), f.raw("schema"))
	}
}
