namespace Pipelines.Models.Text.Templates;

/// <summary>
/// Variables of a block, over those of the blocks around it. A loop, a macro and a <c>with</c> open one; an <c>if</c>
/// does not.
/// </summary>
/// <param name="outer">The block around it.</param>
internal sealed class JinjaScope(JinjaScope? outer)
{
    private readonly Dictionary<string, object> variables = new(StringComparer.Ordinal);

    /// <summary>Sets a variable of this block.</summary>
    public void Set(string name, object value) => variables[name] = value;

    /// <summary>A variable of this block or one around it, or null.</summary>
    public object? Find(string name)
    {
        for (JinjaScope? scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope.variables.TryGetValue(name, out object? value))
            {
                return value;
            }
        }

        return null;
    }

    private JinjaScope? Outer => outer;
}

/// <summary>The variable <c>loop</c>.</summary>
/// <param name="items">All items.</param>
internal sealed class LoopState(IReadOnlyList<object> items)
{
    private object? last;

    /// <summary>Number of the item at work, from 0.</summary>
    public int Index { get; set; }

    /// <summary>An attribute, or null where it has none of this name.</summary>
    public object? Find(string name) =>
        name switch
        {
            "index" => Index + 1L,
            "index0" => (long)Index,
            "revindex" => (long)items.Count - Index,
            "revindex0" => (long)items.Count - Index - 1,
            "first" => Index == 0,
            "last" => Index == items.Count - 1,
            "length" => (long)items.Count,
            "depth" => 1L, // deeper only in recursive loops, which are not supported
            "depth0" => 0L,
            "previtem" => Index > 0 ? items[Index - 1] : new Undefined("there is no previous item, and loop.previtem"),
            "nextitem" => Index + 1 < items.Count
                ? items[Index + 1]
                : new Undefined("there is no next item, and loop.nextitem"),
            "cycle" => new Callable(
                "loop.cycle",
                a =>
                    a.Positional.Count > 0
                        ? a.Positional[Index % a.Positional.Count]
                        : throw new PythonException("'loop.cycle' wants items")
            ),
            "changed" => new Callable("loop.changed", Changed),
            _ => null,
        };

    private object Changed(CallArguments arguments)
    {
        var now = new PythonTuple(arguments.Positional);
        bool changed = last is null || !PythonObjects.AreEqual(last, now);
        last = now;
        return changed;
    }
}
