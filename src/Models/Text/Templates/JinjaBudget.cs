namespace Pipelines.Models.Text.Templates;

/// <summary>
/// What one rendering may cost, so that no template hangs the program or fills its memory: steps, of which each also
/// counts the characters and items that it makes.
/// </summary>
internal sealed class JinjaBudget
{
    /// <summary>Characters of a text, and items of a list, at most.</summary>
    public const int MostCharacters = 1 << 20;

    private const long MostSteps = 1 << 22;

    private long steps;

    /// <summary>A size, if it is allowed.</summary>
    /// <exception cref="PythonException">It is too large.</exception>
    public static long Bounded(long size) =>
        size <= MostCharacters ? size : throw new PythonException("a text or list grows too long", unsupported: true);

    /// <summary>Charges one step that reads or makes <paramref name="size"/> characters or items.</summary>
    /// <exception cref="PythonException">The budget is used up.</exception>
    public void Charge(long size = 0)
    {
        steps += 1 + size;
        if (steps > MostSteps)
        {
            throw new PythonException("the template does not come to an end", unsupported: true);
        }
    }
}
