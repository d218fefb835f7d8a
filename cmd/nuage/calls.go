package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/nuage-emu/nuage/abi"
	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// callsCmd prints the call table.
type callsCmd struct {
	JSON  bool     `help:"Print everything as JSON, for programs."`
	Names []string `arg:"" optional:"" name:"name" help:"Tell all about these calls, such as fd_read."`
}

// Help is shown by nuage calls --help.
func (*callsCmd) Help() string {
	return `Without names it prints one line a call: its number for programs that trap
directly, for each generation of the ABI, and whether this build answers it.
Programs built since July 2017 use names, not numbers.

Examples:
  nuage calls
  nuage calls file_open poll
  nuage calls --json | jq '.calls[] | select(.supported | not) | .name'`
}

func (c *callsCmd) Run(t *tool) error {
	ids, err := c.selected()
	switch {
	case err != nil:
		return err
	case c.JSON:
		return writeCallsJSON(t.stdout, ids)
	case len(c.Names) > 0:
		for i, id := range ids {
			if i > 0 {
				fmt.Fprintln(t.stdout)
			}
			describeCall(t.stdout, id)
		}
		return nil
	}
	return listCalls(t.stdout)
}

// selected returns the named calls, or all.
func (c *callsCmd) selected() ([]cloudabi.CallID, error) {
	var ids []cloudabi.CallID
	for _, name := range c.Names {
		id, ok := callNamed(name)
		if !ok {
			return nil, fmt.Errorf("there is no call %q; nuage calls lists them", name)
		}
		ids = append(ids, id)
	}
	if len(c.Names) == 0 {
		for i := range cloudabi.Calls {
			ids = append(ids, cloudabi.CallID(i))
		}
	}
	return ids, nil
}

// callNamed finds a call by its name, with or without the prefix of its
// symbol.
func callNamed(name string) (cloudabi.CallID, bool) {
	for i, call := range cloudabi.Calls {
		if call.Name == name || call.Symbol == name {
			return cloudabi.CallID(i), true
		}
	}
	return 0, false
}

func listCalls(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(tw, "CALL")
	for _, g := range cloudabi.Generations {
		fmt.Fprintf(tw, "\t%s", g.ID)
	}
	fmt.Fprintln(tw, "\tTHIS BUILD")
	supported := 0
	for i, call := range cloudabi.Calls {
		fmt.Fprint(tw, call.Name)
		for _, n := range call.Number {
			if n < 0 {
				fmt.Fprint(tw, "\t-")
			} else {
				fmt.Fprintf(tw, "\t%d", n)
			}
		}
		if abi.Implemented(cloudabi.CallID(i)) {
			supported++
			fmt.Fprintln(tw, "\tyes")
		} else {
			fmt.Fprintln(tw, "\tanswers ENOSYS")
		}
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%d of %d calls are answered by this build. Generations:\n", supported, len(cloudabi.Calls))
	for _, g := range cloudabi.Generations {
		until := "the end"
		if g.Until != "" {
			until = g.Until
		}
		fmt.Fprintf(w, "  %-3s from %s until %s: %s\n", g.ID, g.From, until, g.Note)
	}
	return nil
}

func describeCall(w io.Writer, id cloudabi.CallID) {
	call := &cloudabi.Calls[id]
	fmt.Fprintf(w, "%s: %s\n", call.Name, call.Purpose)
	fmt.Fprintf(w, "  %s\n", prototype(call.Name, call.Inputs, call.Outputs, call.Noreturn))
	fmt.Fprintf(w, "  symbol in the vDSO: %s\n", call.Symbol)
	fmt.Fprintf(w, "  number: %s\n", numberText(call))
	for _, need := range call.Needs {
		fmt.Fprintf(w, "  needs: %s\n", needText(call, need))
	}
	for _, e := range call.Earlier {
		fmt.Fprintf(w, "  before %s: %s", e.Until, prototype(call.Name, e.Inputs, e.Outputs, call.Noreturn))
		if e.Note != "" {
			fmt.Fprintf(w, " (%s)", e.Note)
		}
		fmt.Fprintln(w)
	}
	if abi.Implemented(id) {
		fmt.Fprintln(w, "  this build: answers it")
	} else {
		fmt.Fprintln(w, "  this build: answers ENOSYS")
	}
}

// prototype writes a call as name(argument: type, …) -> result: type, ….
func prototype(name string, inputs, outputs []cloudabi.Arg, noreturn bool) string {
	s := name + "(" + argList(inputs) + ")"
	switch {
	case noreturn:
		return s + ", does not return"
	case len(outputs) > 0:
		return s + " -> " + argList(outputs)
	}
	return s
}

func argList(args []cloudabi.Arg) string {
	parts := make([]string, len(args))
	for i, a := range args {
		parts[i] = a.Name + ": " + argType(a)
	}
	return strings.Join(parts, ", ")
}

func argType(a cloudabi.Arg) string {
	s := a.Type
	if a.Atomic {
		s = "atomic " + s
	}
	if a.Const {
		s = "const " + s
	}
	if a.Pointer {
		s += " *"
	}
	return s
}

// numberText joins generations with the same number.
func numberText(call *cloudabi.Call) string {
	var parts []string
	for first := 0; first < len(call.Number); {
		last := first
		for last+1 < len(call.Number) && call.Number[last+1] == call.Number[first] {
			last++
		}
		if n := call.Number[first]; n >= 0 {
			gens := cloudabi.Generations[first].ID
			if last > first {
				gens += " to " + cloudabi.Generations[last].ID
			}
			parts = append(parts, fmt.Sprintf("%d (%s)", n, gens))
		}
		first = last + 1
	}
	return strings.Join(parts, ", ")
}

func needText(call *cloudabi.Call, need cloudabi.Need) string {
	word := ""
	if need.Inheriting {
		word = " among the inheriting rights"
	}
	if need.Rights == 0 { // which ones depends on the arguments
		return need.Condition + "," + word + " of " + call.Inputs[need.Arg].Name
	}
	s := fmt.Sprintf("%v%s of %s", need.Rights, word, call.Inputs[need.Arg].Name)
	if need.Condition != "" {
		s += " (" + need.Condition + ")"
	}
	return s
}

// The form of nuage calls --json.
type (
	jsonCalls struct {
		Generations []jsonGeneration `json:"generations"`
		Calls       []jsonCall       `json:"calls"`
	}
	jsonGeneration struct {
		ID    string `json:"id"`
		From  string `json:"from"`
		Until string `json:"until,omitempty"`
		Note  string `json:"note"`
	}
	jsonCall struct {
		Name      string         `json:"name"`
		Symbol    string         `json:"symbol"`
		Purpose   string         `json:"purpose"`
		Numbers   map[string]int `json:"numbers"`
		Inputs    []jsonArg      `json:"inputs"`
		Outputs   []jsonArg      `json:"outputs"`
		NoReturn  bool           `json:"noreturn,omitempty"`
		Rights    []jsonNeed     `json:"rights,omitempty"`
		Earlier   []jsonEarlier  `json:"earlier,omitempty"`
		Supported bool           `json:"supported"`
	}
	jsonArg struct {
		Name    string `json:"name"`
		Type    string `json:"type"`
		Width   int    `json:"width"`
		Pointer bool   `json:"pointer,omitempty"`
	}
	jsonNeed struct {
		Argument  string   `json:"argument"`
		Word      string   `json:"word"` // base or inheriting
		Rights    []string `json:"rights"`
		Condition string   `json:"condition,omitempty"`
	}
	jsonEarlier struct {
		Until   string    `json:"until"`
		Note    string    `json:"note,omitempty"`
		Inputs  []jsonArg `json:"inputs"`
		Outputs []jsonArg `json:"outputs"`
	}
)

func writeCallsJSON(w io.Writer, ids []cloudabi.CallID) error {
	var out jsonCalls
	for _, g := range cloudabi.Generations {
		out.Generations = append(out.Generations, jsonGeneration{g.ID, g.From, g.Until, g.Note})
	}
	for _, id := range ids {
		out.Calls = append(out.Calls, callJSON(id))
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(out)
}

func callJSON(id cloudabi.CallID) jsonCall {
	call := &cloudabi.Calls[id]
	j := jsonCall{
		Name: call.Name, Symbol: call.Symbol, Purpose: call.Purpose, NoReturn: call.Noreturn,
		Numbers: map[string]int{}, Inputs: argsJSON(call.Inputs), Outputs: argsJSON(call.Outputs),
		Supported: abi.Implemented(id),
	}
	for g, n := range call.Number {
		if n >= 0 {
			j.Numbers[cloudabi.Generations[g].ID] = n
		}
	}
	for _, need := range call.Needs {
		word := "base"
		if need.Inheriting {
			word = "inheriting"
		}
		rights := []string{}
		if need.Rights != 0 {
			rights = strings.Split(need.Rights.String(), "|")
		}
		j.Rights = append(j.Rights, jsonNeed{call.Inputs[need.Arg].Name, word, rights, need.Condition})
	}
	for _, e := range call.Earlier {
		j.Earlier = append(j.Earlier, jsonEarlier{e.Until, e.Note, argsJSON(e.Inputs), argsJSON(e.Outputs)})
	}
	return j
}

func argsJSON(args []cloudabi.Arg) []jsonArg {
	out := make([]jsonArg, len(args))
	for i, a := range args {
		out[i] = jsonArg{a.Name, a.Type, a.Width, a.Pointer}
	}
	return out
}
