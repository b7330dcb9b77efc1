namespace Pipelines.Models.Text.Templates;

/// <summary>Jinja2's tests: <c>value is name</c>.</summary>
internal static class JinjaTests
{
    /// <summary>What a test says of a value.</summary>
    /// <exception cref="PythonException">There is no such test, or Python would raise.</exception>
    public static bool Apply(string name, object value, CallArguments arguments)
    {
        bool result = name switch
        {
            "defined" => value is not Undefined,
            "undefined" => value is Undefined,
            "none" => value is PythonNone,
            "boolean" => value is bool,
            "true" => value is true,
            "false" => value is false,
            "integer" => value is long,
            "float" => value is double,
            "number" => value is bool or long or double,
            "string" => value is string,
            "mapping" => value is PythonDict,
            "iterable" => value is string or PythonSequence or PythonDict or PythonGenerator or Undefined,
            "sequence" => value is string or PythonDict or Undefined || value is PythonSequence and not PythonView,
            "callable" => value is Callable,
            "sameas" => IsSame(value, arguments.Required(0, "other")),
            "in" => PythonObjects.Contains(arguments.Required(0, "seq"), value),
            "odd" => HasRemainder(value, 2L, 1),
            "even" => HasRemainder(value, 2L, 0),
            "divisibleby" => HasRemainder(value, arguments.Required(0, "num"), 0),
            "lower" => PythonText.Lower(PythonObjects.Text(value)) is var lower
                && lower == PythonObjects.Text(value)
                && PythonText.Upper(lower) != lower,
            "upper" => PythonText.Upper(PythonObjects.Text(value)) is var upper
                && upper == PythonObjects.Text(value)
                && PythonText.Lower(upper) != upper,
            "eq" or "equalto" or "==" => PythonObjects.AreEqual(value, arguments.Required(0, "other")),
            "ne" or "!=" => !PythonObjects.AreEqual(value, arguments.Required(0, "other")),
            "lt" or "lessthan" or "<" => PythonObjects.Compare(value, arguments.Required(0, "other")) < 0,
            "le" or "<=" => PythonObjects.Compare(value, arguments.Required(0, "other")) <= 0,
            "gt" or "greaterthan" or ">" => PythonObjects.Compare(value, arguments.Required(0, "other")) > 0,
            "ge" or ">=" => PythonObjects.Compare(value, arguments.Required(0, "other")) >= 0,
            "filter" => value is string filter && JinjaFilters.Has(filter),
            "test" or "escaped" => throw new PythonException($"the test '{name}' is not supported", unsupported: true),
            _ => throw new PythonException($"there is no test '{name}'"),
        };
        arguments.RequireAllTaken();
        return result;
    }

    private static bool IsSame(object value, object other) =>
        (value, other) switch
        {
            (bool a, bool b) => a == b,
            (PythonNone, PythonNone) => true,
            (string or long or double, string or long or double) => throw new PythonException(
                "the test 'sameas' is only supported for true, false, none and lists"
            ),
            _ => ReferenceEquals(value, other),
        };

    private static bool HasRemainder(object value, object by, long wanted) =>
        PythonObjects.AreEqual(PythonArithmetic.Apply("%", value, by), wanted);
}
