namespace Pipelines.Stages.Text.Templates;

/// <summary>A template that cannot be read or rendered: the line, and what is wrong there.</summary>
/// <param name="line">Line of the template, from 1.</param>
/// <param name="what">What is wrong, without a last full stop.</param>
internal sealed class JinjaException(int line, string what) : Exception($"line {line}: {what}")
{
    /// <summary>Line of the template, from 1.</summary>
    public int Line { get; } = line;
}

/// <summary>What Python would raise while a value is worked on; the renderer adds the line.</summary>
/// <param name="what">What is wrong.</param>
internal sealed class PythonException(string what) : Exception(what);
