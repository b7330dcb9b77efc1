namespace Pipelines.Models.Text.Templates;

/// <summary>A template that cannot be read or rendered: the line, and what is wrong there.</summary>
/// <param name="line">Line of the template, from 1.</param>
/// <param name="what">What is wrong, without a last full stop.</param>
/// <param name="unsupported">The renderer does not know it; Jinja2 might.</param>
internal sealed class JinjaException(int line, string what, bool unsupported = false)
    : Exception($"line {line}: {what}")
{
    /// <summary>The renderer does not know it, or gave up; Jinja2 might give a text.</summary>
    public bool Unsupported { get; } = unsupported;

    /// <summary>Line of the template, from 1.</summary>
    public int Line { get; } = line;
}

/// <summary>What Python would raise while a value is worked on; the renderer adds the line.</summary>
/// <param name="what">What is wrong.</param>
/// <param name="unsupported">It is not Python that raises: the value or operation is not known here, or too
/// large.</param>
public sealed class PythonException(string what, bool unsupported = false) : Exception(what)
{
    /// <summary>It is not Python that raises.</summary>
    public bool Unsupported { get; } = unsupported;
}
