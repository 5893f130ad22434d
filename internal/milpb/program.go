package milpb

// Program is an ML Program: what Core ML's compiler takes, in the language MIL.
// This package reads it as it stands; what names mean is for package mil.
type Program struct {
	Version    int64
	Functions  []NamedFunction
	DocString  string
	Attributes []NamedValue
}

// NamedFunction is an entry of a program's function map. The map's keys may
// come twice in a damaged file: package mil finds that.
type NamedFunction struct {
	Name     string
	Function *Function
}

// NamedValue is an entry of an attribute map. The name of an operation and the
// value of a const are such entries.
type NamedValue struct {
	Name  string
	Value *Value
}

// Function is one entry point. The block to execute is the one of Blocks whose
// name is Opset.
type Function struct {
	Inputs     []NamedValueType
	Opset      string
	Blocks     []NamedBlock
	Attributes []NamedValue
}

// NamedBlock is an entry of a function's map from operator sets to blocks.
type NamedBlock struct {
	Opset string
	Block *Block
}

// Block is a list of operations in execution order. Outputs are names of values
// that are defined in it or around it.
type Block struct {
	Inputs     []NamedValueType
	Outputs    []string
	Operations []Operation
	Attributes []NamedValue
}

// Operation is one operation. A const has its value as an attribute, and
// constexpr operators before iOS18 have all their operands so.
type Operation struct {
	Type       string
	Inputs     []NamedArgument
	Outputs    []NamedValueType
	Blocks     []Block
	Attributes []NamedValue
}

// NamedArgument is an entry of an operation's input map.
type NamedArgument struct {
	Name     string
	Argument *Argument
}

// Argument is what one operand is bound to; several bindings when the operand
// is variadic. An operand that takes one value has one binding.
type Argument struct{ Bindings []Binding }

// Binding is a value written in place, or when Value is nil the name of one.
type Binding struct {
	Name  string
	Value *Value
}

// NamedValueType declares a name and its type.
type NamedValueType struct {
	Name string
	Type *ValueType
}

// message Program (MIL.proto): int64 version = 1; map<string, Function> functions = 2;
// string docString = 3; map<string, Value> attributes = 4. A map is a repeated message
// of a key = 1 and a value = 2 on the wire, in any order.
func (*Program) name() string { return "Program" }

func (m *Program) set(d *decoder, f field) (err error) {
	switch f.num {
	case 1:
		var v uint64
		v, err = f.varint()
		m.Version = int64(v)
	case 2:
		m.Functions, err = add(d, f, m.Functions)
	case 3:
		m.DocString, err = d.about(f)
	case 4:
		m.Attributes, err = add(d, f, m.Attributes)
	}
	return err
}

// Map entries are written in the slice's order: protobuf leaves it open, and
// files are then reproducible.
func (m *Program) append(b []byte) []byte {
	b = appendVarint(b, 1, uint64(m.Version))
	b = appendList(b, 2, m.Functions)
	b = appendText(b, 3, m.DocString)
	return appendList(b, 4, m.Attributes)
}

// FunctionsEntry is the map entry of Program.functions.
func (*NamedFunction) name() string { return "FunctionsEntry" }

func (m *NamedFunction) set(d *decoder, f field) (err error) {
	switch f.num {
	case 1:
		m.Name, err = d.text(f)
	case 2:
		m.Function, err = sub(d, f, m.Function)
	}
	return err
}

func (m *NamedFunction) append(b []byte) []byte {
	return appendSub(appendText(b, 1, m.Name), 2, m.Function)
}

// AttributesEntry is the map entry of every attributes field.
func (*NamedValue) name() string { return "AttributesEntry" }

func (m *NamedValue) set(d *decoder, f field) (err error) {
	switch f.num {
	case 1:
		m.Name, err = d.text(f)
	case 2:
		m.Value, err = sub(d, f, m.Value)
	}
	return err
}

func (m *NamedValue) append(b []byte) []byte {
	return appendSub(appendText(b, 1, m.Name), 2, m.Value)
}

// message Function: repeated NamedValueType inputs = 1; string opset = 2;
// map<string, Block> block_specializations = 3; map<string, Value> attributes = 4.
func (*Function) name() string { return "Function" }

func (m *Function) set(d *decoder, f field) (err error) {
	switch f.num {
	case 1:
		m.Inputs, err = add(d, f, m.Inputs)
	case 2:
		m.Opset, err = d.text(f)
	case 3:
		m.Blocks, err = add(d, f, m.Blocks)
	case 4:
		m.Attributes, err = add(d, f, m.Attributes)
	}
	return err
}

func (m *Function) append(b []byte) []byte {
	b = appendList(b, 1, m.Inputs)
	b = appendText(b, 2, m.Opset)
	b = appendList(b, 3, m.Blocks)
	return appendList(b, 4, m.Attributes)
}

// BlockSpecializationsEntry is the map entry of Function.block_specializations.
func (*NamedBlock) name() string { return "BlockSpecializationsEntry" }

func (m *NamedBlock) set(d *decoder, f field) (err error) {
	switch f.num {
	case 1:
		m.Opset, err = d.text(f)
	case 2:
		m.Block, err = sub(d, f, m.Block)
	}
	return err
}

func (m *NamedBlock) append(b []byte) []byte {
	return appendSub(appendText(b, 1, m.Opset), 2, m.Block)
}

// message Block: repeated NamedValueType inputs = 1; repeated string outputs = 2;
// repeated Operation operations = 3; map<string, Value> attributes = 4.
func (*Block) name() string { return "Block" }

func (m *Block) set(d *decoder, f field) (err error) {
	switch f.num {
	case 1:
		m.Inputs, err = add(d, f, m.Inputs)
	case 2:
		m.Outputs, err = d.texts(f, m.Outputs)
	case 3:
		m.Operations, err = add(d, f, m.Operations)
	case 4:
		m.Attributes, err = add(d, f, m.Attributes)
	}
	return err
}

func (m *Block) append(b []byte) []byte {
	b = appendList(b, 1, m.Inputs)
	b = appendTexts(b, 2, m.Outputs)
	b = appendList(b, 3, m.Operations)
	return appendList(b, 4, m.Attributes)
}

// message Operation: string type = 1; map<string, Argument> inputs = 2;
// repeated NamedValueType outputs = 3; repeated Block blocks = 4;
// map<string, Value> attributes = 5. The name is an attribute.
func (*Operation) name() string { return "Operation" }

func (m *Operation) set(d *decoder, f field) (err error) {
	switch f.num {
	case 1:
		m.Type, err = d.text(f)
	case 2:
		m.Inputs, err = add(d, f, m.Inputs)
	case 3:
		m.Outputs, err = add(d, f, m.Outputs)
	case 4:
		m.Blocks, err = add(d, f, m.Blocks)
	case 5:
		m.Attributes, err = add(d, f, m.Attributes)
	}
	return err
}

func (m *Operation) append(b []byte) []byte {
	b = appendText(b, 1, m.Type)
	b = appendList(b, 2, m.Inputs)
	b = appendList(b, 3, m.Outputs)
	b = appendList(b, 4, m.Blocks)
	return appendList(b, 5, m.Attributes)
}

// InputsEntry is the map entry of Operation.inputs.
func (*NamedArgument) name() string { return "InputsEntry" }

func (m *NamedArgument) set(d *decoder, f field) (err error) {
	switch f.num {
	case 1:
		m.Name, err = d.text(f)
	case 2:
		m.Argument, err = sub(d, f, m.Argument)
	}
	return err
}

func (m *NamedArgument) append(b []byte) []byte {
	return appendSub(appendText(b, 1, m.Name), 2, m.Argument)
}

// message Argument: repeated Binding arguments = 1.
func (*Argument) name() string { return "Argument" }

func (m *Argument) set(d *decoder, f field) (err error) {
	if f.num == 1 {
		m.Bindings, err = add(d, f, m.Bindings)
	}
	return err
}

func (m *Argument) append(b []byte) []byte { return appendList(b, 1, m.Bindings) }

// message Argument.Binding: oneof { string name = 1; Value value = 2; }. Of the members
// of a oneof the last on the wire counts.
func (*Binding) name() string { return "Binding" }

func (m *Binding) set(d *decoder, f field) (err error) {
	switch f.num {
	case 1:
		m.Value = nil
		m.Name, err = d.text(f)
	case 2:
		m.Name = ""
		m.Value, err = sub(d, f, m.Value)
	}
	return err
}

// An empty binding is written as a message of no bytes and read as one.
func (m *Binding) append(b []byte) []byte {
	if m.Value != nil {
		return appendSub(b, 2, m.Value)
	}
	return appendText(b, 1, m.Name)
}

// message NamedValueType: string name = 1; ValueType type = 2.
func (*NamedValueType) name() string { return "NamedValueType" }

func (m *NamedValueType) set(d *decoder, f field) (err error) {
	switch f.num {
	case 1:
		m.Name, err = d.text(f)
	case 2:
		m.Type, err = sub(d, f, m.Type)
	}
	return err
}

func (m *NamedValueType) append(b []byte) []byte {
	return appendSub(appendText(b, 1, m.Name), 2, m.Type)
}
