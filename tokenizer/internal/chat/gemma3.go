package chat

// gemma3 is the format of Gemma 3: Python in a fence.
var gemma3 = &format{
	name:  "gemma3",
	suits: containsAny("tool_code"),
	opens: words{"```tool_code", "```python", "```json"},
	loose: looseLists,
	ends:  "`)",
	bare:  true,
	read: readers{
		"": known(pythonList("")), "```tool_code": fencedPython,
		"```python": known(fencedPython), "```json": known(fencedJSON),
	}.read,
}
