package chat

// moreFamilyAnswers go on where someFamilyAnswers end.
var moreFamilyAnswers = map[string][]answer{
	"harmony": {
		{"thinking and a call", "<|channel|>analysis<|message|>I look.<|end|><|start|>assistant<|channel|>commentary to=functions.f <|constrain|>json<|message|>{\"x\":1}<|call|>", "", []string{`f||{"x":1}`}},
		{"the recipient before the channel", "<|channel|>analysis<|message|>I look.<|end|><|start|>assistant to=functions.f<|channel|>commentary json<|message|>{\"x\": 1}<|call|>", "", []string{`f||{"x": 1}`}},
		{"a header that the prompt has begun", " to=functions.f<|channel|>commentary json<|message|>{\"x\": 1}", " ", []string{`f||{"x": 1}`}},
		{"the last answer", "<|channel|>analysis<|message|>So.<|end|><|start|>assistant<|channel|>final<|message|>Hello.<|return|>", "Hello.", nil},
		{"a word before a call", "<|channel|>commentary<|message|>I look it up.<|end|><|start|>assistant<|channel|>commentary to=functions.f<|message|>{}<|call|>", "I look it up.", []string{"f||{}"}},
		{"two calls", "<|channel|>commentary to=functions.f <|constrain|>json<|message|>{}<|call|><|start|>assistant<|channel|>commentary to=functions.g <|constrain|>json<|message|>{}<|call|>", "", []string{"f||{}", "g||{}"}},
		{"a call in thinking", "<|channel|>analysis<|message|>I could to=functions.f {}<|end|><|start|>assistant<|channel|>final<|message|>No.", "No.", nil},
		{"a call from the channel of thinking", "<|channel|>analysis to=functions.f<|message|>{}<|call|>", "", []string{"f||{}"}},
		{"no arguments", "<|channel|>commentary to=functions.f<|message|><|call|>", "", []string{"f||{}"}},
		{"text without a header", "Hello.", "Hello.", nil},
	},
	"hunyuan": {
		{"a list", `<tool_calls>[{"name": "f", "arguments": {"x": 1}}, {"name": "g", "arguments": {}}]</tool_calls>`, "", []string{`f||{"x": 1}`, "g||{}"}},
		{"a name and a fence", "<tool_calls>\n<tool_call>f\n```json\n{\"x\": 1}\n```\n</tool_call>\n</tool_calls>", "\n", []string{`f||{"x": 1}`}},
		{"pairs of tags", "<tool_calls>\n<tool_call>f<tool_sep>\n<arg_key>x</arg_key>\n<arg_value>1</arg_value>\n</tool_call>\n</tool_calls>", "\n", []string{`f||{"x":1}`}},
		{"tags that end in a word", "<tool_calls:opensource>\n<tool_call:opensource>f<tool_sep:opensource>\n<arg_key:opensource>x</arg_key:opensource>\n<arg_value:opensource>1</arg_value:opensource>\n</tool_call:opensource>\n</tool_calls:opensource>", "\n", []string{`f||{"x":1}`}},
		{"tags that end in another word", "<tool_calls:6124c78e><tool_call:6124c78e>f<tool_sep:6124c78e></tool_call:6124c78e></tool_calls:6124c78e>", "", []string{"f||{}"}},
	},
	"hyperclova": {
		{"a role", " -> tool/function_call\n[{\"name\": \"f\", \"arguments\": {\"x\": 1}}]", " ", []string{`f||{"x": 1}`}},
	},
	"inkling": {
		{"a message for each thing", "<|content_thinking|>So.<|end_message|><|message_model|><|content_thinking|> Yes.<|end_message|><|message_model|><|content_text|>I look.<|end_message|><|message_model|>f<|content_invoke_tool_json|>{\"name\": \"f\", \"args\": {\"x\": 1}}<|end_message|><|content_model_end_sampling|>", "I look.", []string{`f||{"x": 1}`}},
		{"a name first", `f<|content_invoke_tool_json|>{"name": "f", "args": {}}<|end_message|>`, "", []string{"f||{}"}},
		{"a message", `<|content_invoke_tool_json|>{"name": "f", "args": {"x": 1}}<|end_message|>`, "", []string{`f||{"x": 1}`}},
	},
	"internlm": {
		{"a plugin", "I look.<|action_start|><|plugin|>\n{\"name\": \"f\", \"parameters\": {\"x\": 1}}<|action_end|>", "I look.", []string{`f||{"x": 1}`}},
		{"a space between the marks", "<|action_start|> <|plugin|>\n{\"name\": \"f\", \"arguments\": {}}<|action_end|>", "", []string{"f||{}"}},
		{"a program", "<|action_start|><|interpreter|>\n1 + 1<|action_end|>", "<|action_start|><|interpreter|>\n1 + 1<|action_end|>", nil},
	},
	"iquest": {
		{"pairs of tags", "<iquest_tool_call>f<arg_key>x</arg_key><arg_value>1</arg_value></iquest_tool_call>", "", []string{`f||{"x":1}`}},
	},
	"jamba": {
		{"a list", "Let me see.<tool_calls>[\n    {\"name\": \"f\", \"arguments\": {\"x\": 1}},\n    {\"name\": \"g\", \"arguments\": {}}\n]</tool_calls>", "Let me see.", []string{`f||{"x": 1}`, "g||{}"}},
	},
	"json": {
		{"an object", `{"name": "f", "arguments": {"x": 1}}`, "", []string{`f||{"x": 1}`}},
		{"a list", `[{"name": "f", "arguments": {}}, {"name": "g", "parameters": {}}]`, "", []string{"f||{}", "g||{}"}},
		{"a fence", "```json\n[{\"name\": \"f\", \"arguments\": {}}]\n```", "", []string{"f||{}"}},
		{"an object within a text", `So {"name": "f"}`, `So {"name": "f"}`, nil},
		{"another object", `{"answer": 4}`, `{"answer": 4}`, nil},
	},
	"k2": {
		{"pairs of tags", "<ifm|think>So.</ifm|think>\n<ifm|tool_calls>\n<ifm|tool_call>f<ifm|arg_key>x</ifm|arg_key><ifm|arg_value>1</ifm|arg_value></ifm|tool_call>\n</ifm|tool_calls>", "\n\n", []string{`f||{"x":1}`}},
		{"an object", `<ifm|tool_call>{"name": "f", "arguments": {}}</ifm|tool_call>`, "", []string{"f||{}"}},
	},
	"kimi": {
		{"a section", "<|tool_calls_section_begin|><|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{\"x\": 1}<|tool_call_end|><|tool_call_begin|>functions.g:1<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>", "", []string{`f|functions.f:0|{"x": 1}`, "g|functions.g:1|{}"}},
		{"no section, no end", "<|tool_call_begin|>functions.my.f:12<|tool_call_argument_begin|>{\"x\": 1}", "", []string{`my.f|functions.my.f:12|{"x": 1}`}},
		{"an id that is a name", "<|tool_call_begin|>f<|tool_call_argument_begin|>{}<|tool_call_end|>", "", []string{"f|f|{}"}},
		{"no arguments", "<|tool_call_begin|>functions.f:0<|tool_call_end|>", "<|tool_call_begin|>functions.f:0<|tool_call_end|>", nil},
		{"thinking of another model", "◁think▷f◁/think▷Hi.", "Hi.", nil},
	},
	"kimi-k3": {
		{"texts and other values", `<|open|>response<|sep|>Hi.<|close|>response<|sep|><|open|>tools<|sep|><|open|>call tool="f" index="1"<|sep|><|open|>argument key="s" type="string"<|sep|>12<|close|>argument<|sep|><|open|>argument key="n" type="number"<|sep|>12<|close|>argument<|sep|><|close|>call<|sep|><|close|>tools<|sep|>`, "Hi.", []string{`f||{"s":"12","n":12}`}},
		{"thinking", `<|open|>think<|sep|>I look.<|close|>think<|sep|><|open|>response<|sep|>Hi.`, "Hi.", nil},
	},
	"lfm2": {
		{"Python", "<|tool_call_start|>[f(x=1, s='it\\'s'), g()]<|tool_call_end|>Done.", "Done.", []string{`f||{"x":1,"s":"it's"}`, "g||{}"}},
		{"objects", `<|tool_call_start|>[{"name": "f", "arguments": {"x": 1}}]<|tool_call_end|>`, "", []string{`f||{"x": 1}`}},
		{"a program in a fence", "<|tool_call_start|>\n```python\nf(x=true)\ng(s=\"a\")\n```\n<|tool_call_end|>\nDone.", "\nDone.", []string{`f||{"x":true}`, `g||{"s":"a"}`}},
		{"values that are nested", `<|tool_call_start|>[f(o={"a": [1, {"b": None}]}, t=(1, 2))]<|tool_call_end|>`, "", []string{`f||{"o":{"a": [1, {"b": null}]},"t":[1, 2]}`}},
		{"no list and no end", "<|tool_call_start|>f(x=1)", "", []string{`f||{"x":1}`}},
		{"another program", "<|tool_call_start|>[x for x in y]<|tool_call_end|>", "<|tool_call_start|>[x for x in y]<|tool_call_end|>", nil},
	},
	"longcat": {
		{"an object", "<longcat_tool_call>\n{\"name\": \"f\", \"arguments\": {\"x\": 1}}\n</longcat_tool_call>", "", []string{`f||{"x": 1}`}},
		{"pairs of tags", "<longcat_tool_call>f\n<longcat_arg_key>x</longcat_arg_key>\n<longcat_arg_value>1</longcat_arg_value>\n</longcat_tool_call>", "", []string{`f||{"x":1}`}},
	},
	"minicpm5": {
		{"two calls", "<function name=\"f\"><param name=\"x\">1</param></function>\n<function name=\"g\"></function>", "\n", []string{`f||{"x":1}`, "g||{}"}},
		{"character data", "<function name=\"f\"><param name=\"s\"><![CDATA[a </param> & <b>]]></param></function>", "", []string{`f||{"s":"a </param> & <b>"}`}},
	},
	"minimax": {
		{"two calls in one tag", "<minimax:tool_call>\n<invoke name=\"f\">\n<parameter name=\"x\">1</parameter>\n<parameter name=\"s\">a\nb</parameter>\n</invoke>\n<invoke name=\"g\">\n</invoke>\n</minimax:tool_call>", "\n\n", []string{`f||{"x":1,"s":"a\nb"}`, "g||{}"}},
		{"line breaks around a value", "<minimax:tool_call><invoke name=\"f\"><parameter name=\"s\">\na\n</parameter></invoke></minimax:tool_call>", "", []string{`f||{"s":"a"}`}},
		{"a line break at the end of a value", "<minimax:tool_call><invoke name=\"f\"><parameter name=\"s\">a\n</parameter></invoke></minimax:tool_call>", "", []string{`f||{"s":"a\n"}`}},
		{"a value without its end", "<invoke name=\"f\"><parameter name=\"s\">a\n<parameter name=\"x\">1</parameter></invoke>", "", []string{`f||{"s":"a\n","x":1}`}},
		{"an end that is missing", "<minimax:tool_call><invoke name=\"f\"><parameter name=\"x\">1</parameter>", "", []string{`f||{"x":1}`}},
	},
	"minimax-m1": {
		{"an object to a line", "<tool_calls>\n{\"name\": \"f\", \"arguments\": {\"x\": 1}}\n{\"name\": \"g\", \"arguments\": {}}\n</tool_calls>", "", []string{`f||{"x": 1}`, "g||{}"}},
	},
	"minimax-m3": {
		{"values that are nested", "]<]minimax[>[<tool_call>\n]<]minimax[>[<invoke name=\"f\">]<]minimax[>[<o>]<]minimax[>[<k>v]<]minimax[>[</k>]<]minimax[>[</o>]<]minimax[>[<l>]<]minimax[>[<item>1]<]minimax[>[</item>]<]minimax[>[<item>2]<]minimax[>[</item>]<]minimax[>[</l>]<]minimax[>[</invoke>\n]<]minimax[>[</tool_call>", "\n", []string{`f||{"o":{"k":"v"},"l":[1,2]}`}},
		{"thinking", "<mm:think>I look.</mm:think>Hello.", "Hello.", nil},
	},
	"muse": {
		{"thinking and a call", " to=self<|message|>I look.<|eom|><|start|>assistant to=f<|message|><atem:function_calls>\n<atem:invoke name=\"f\">\n<atem:parameter name=\"x\">1</atem:parameter>\n</atem:invoke>\n</atem:function_calls><|eot|>", " \n", []string{`f||{"x":1}`}},
		{"an answer", " to=user<|message|>Hello.<|eot|>", " Hello.", nil},
		{"a header that is nearly whole", "<|message|>Hello.", "Hello.", nil},
	},
	"nemotron": {
		{"a text in a message of its own", "<think>\nI look.\n<SPECIAL_12>\n<SPECIAL_11>Assistant\n<TOOLCALL>[{\"name\": \"f\"}]</TOOLCALL>", "", []string{"f||{}"}},
		{"a list", `<TOOLCALL>[{"name": "f", "arguments": {"x": 1}}]</TOOLCALL>`, "", []string{`f||{"x": 1}`}},
		{"a list without its end", `<think>So.</think><TOOLCALL>[{"name": "f", "arguments": {"x": 1}}, {"name": "g"}]`, "", []string{`f||{"x": 1}`, "g||{}"}},
	},
	"olmo3": {
		{"a call to a line", "<function_calls>f(city='San Francisco', role=None, ok=True)\ng()\n</function_calls>", "", []string{`f||{"city":"San Francisco","role":null,"ok":true}`, "g||{}"}},
		{"escapes", `<function_calls>f(city='Martha\'s Vineyard', m='\"cool units\"')</function_calls>`, "", []string{`f||{"city":"Martha's Vineyard","m":"\"cool units\""}`}},
		{"elements", "<function_calls>\n<invoke name=\"f\">\n</invoke>\n</function_calls>", "\n", []string{"f||{}"}},
	},
	"pangu": {
		{"a list", `[unused16]So.[unused17][unused11][{"name": "f", "arguments": {"x": 1}}][unused12]`, "", []string{`f||{"x": 1}`}},
	},
	"phi4": {
		{"a list between marks", `<|tool_call|>[{"name": "f", "arguments": {"x": 1}}]<|/tool_call|>`, "", []string{`f||{"x": 1}`}},
		{"a list behind a word", `functools[{"name": "f", "arguments": {"x": 1}}]`, "", []string{`f||{"x": 1}`}},
		{"an object", `{"name": "f", "arguments": {}}`, "", []string{"f||{}"}},
	},
	"pythonic": {
		{"a list", `[f(x=1, s="a"), g()]`, "", []string{`f||{"x":1,"s":"a"}`, "g||{}"}},
		{"marks around it", `<|python_start|>[f(x=1)]<|python_end|>`, "", []string{`f||{"x":1}`}},
		{"a text that begins like a call", `f(x) is a function`, `f(x) is a function`, nil},
		{"a list of something else", `[1, 2]`, `[1, 2]`, nil},
		{"an object", `{"name": "f", "parameters": {}}`, "", []string{"f||{}"}},
	},
	"seed": {
		{"the tags of Qwen", "<seed:think>So.</seed:think>\n<seed:tool_call>\n<function=f>\n<parameter=x>1</parameter>\n</function>\n</seed:tool_call>", "\n", []string{`f||{"x":1}`}},
	},
	"smollm": {
		{"objects", "<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>", "", []string{"f||{}"}},
		{"Python", "<code>\nf(city=\"Paris\")\n</code>", "", []string{`f||{"city":"Paris"}`}},
		{"another program", "<code>\nx = 1\n</code>", "<code>\nx = 1\n</code>", nil},
	},
	"solar": {
		{"thinking and two calls", "<|think|>So.<|end|><|begin|>assistant<|tool_calls|><|tool_call:begin|>c1<|tool_call:name|>f<|tool_call:args|>{\"x\": 1}<|tool_call:end|><|tool_call:begin|>c2<|tool_call:name|>g<|tool_call:args|>{}<|tool_call:end|><|calls|>", "", []string{`f|c1|{"x": 1}`, "g|c2|{}"}},
		{"an answer", "<|content|>Hello.<|end|>", "Hello.", nil},
	},
}
