namespace Pipelines.Models.Text.Templates;

/// <summary>The functions that every template of transformers may call.</summary>
internal static class JinjaGlobals
{
    private const int LongestRange = 100_000;

    /// <summary>The functions as variables.</summary>
    public static JinjaScope Scope { get; } = Made();

    private static JinjaScope Made()
    {
        var scope = new JinjaScope(null);
        void Add(string name, Func<CallArguments, object> call) => scope.Set(name, new Callable(name, call));
        Add("range", Range);
        Add("dict", Dictionary);
        Add("namespace", Namespace);
        Add(
            "raise_exception",
            a => throw new PythonException($"the template refuses this: {PythonObjects.Text(a.Required(0, "message"))}")
        );
        Add(
            "strftime_now",
            _ =>
                throw new PythonException(
                    "the template writes the date of the day ('strftime_now'): such a prompt could not be "
                        + "repeated tomorrow",
                    unsupported: true
                )
        );
        foreach (string name in (string[])["lipsum", "cycler", "joiner"])
        {
            Add(name, _ => throw new PythonException($"the function '{name}' is not supported", unsupported: true));
        }

        return scope;
    }

    private static PythonRange Range(CallArguments arguments)
    {
        long[] bounds = [.. arguments.Positional.Select(PythonArithmetic.Whole)];
        if (bounds.Length is 0 or > 3 || arguments.Named.Count > 0)
        {
            throw new PythonException("'range' takes one to three whole numbers");
        }

        (long start, long stop, long step) =
            bounds.Length == 1 ? (0, bounds[0], 1) : (bounds[0], bounds[1], bounds.Length == 3 ? bounds[2] : 1);
        if (step == 0)
        {
            throw new PythonException("the step of 'range' is 0");
        }

        var items = new List<object>();
        for (Int128 i = start; step > 0 ? i < stop : i > stop; i += step)
        {
            if (items.Count == LongestRange)
            {
                throw new PythonException($"'range' is longer than {LongestRange:N0}");
            }

            items.Add((long)i);
        }

        return new PythonRange(items);
    }

    private static PythonDict Dictionary(CallArguments arguments)
    {
        var dict = new PythonDict();
        foreach (var (key, value) in Pairs(arguments))
        {
            dict.Set(key, value);
        }

        return dict;
    }

    private static PythonNamespace Namespace(CallArguments arguments)
    {
        var made = new PythonNamespace();
        foreach (var (key, value) in Pairs(arguments))
        {
            made.Attributes[PythonObjects.Text(key)] = value;
        }

        return made;
    }

    private static IEnumerable<(object Key, object Value)> Pairs(CallArguments arguments)
    {
        if (arguments.Positional.Count > 1)
        {
            throw new PythonException($"'{arguments.Of}' takes one argument without a name");
        }

        IEnumerable<(object, object)> given = arguments.Positional switch
        {
            [PythonDict dict] => dict.Entries.Select(e => (e.Key, e.Value)),
            [object items] => PythonObjects
                .Iterate(items)
                .Select(i =>
                    i is PythonSequence { Items: [var key, var value] }
                        ? (key, value)
                        : throw new PythonException("pairs are wanted")
                ),
            _ => [],
        };
        return given.Concat(arguments.Named.Select(n => ((object)n.Key, n.Value)));
    }
}
