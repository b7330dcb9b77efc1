namespace Pipelines.Models.Text.Templates;

/// <summary>
/// A chat template, read and rendered as Jinja2 does in the environment of transformers (<c>trim_blocks</c>,
/// <c>lstrip_blocks</c>, loop controls, <c>raise_exception</c>, the tag <c>generation</c>; immutable
/// sandbox). What the renderer does not know it refuses by name, with the line, where it is reached. No template hangs,
/// ends the process or fills the memory: steps, depth and lengths are bounded.
/// </summary>
internal sealed class JinjaTemplate
{
    private readonly IReadOnlyList<Statement> statements;

    private JinjaTemplate(IReadOnlyList<Statement> statements) => this.statements = statements;

    /// <summary>Reads a template.</summary>
    /// <exception cref="JinjaException">It is no template, or holds a statement that is not supported.</exception>
    public static JinjaTemplate Parse(string text) => new(JinjaParser.Read(text));

    /// <summary>Renders it.</summary>
    /// <param name="variables">Variables by name, as <see cref="PythonNone"/> lists the kinds of values.</param>
    /// <exception cref="JinjaException">It raises, wants what is not supported, or does not come to an end.</exception>
    public string Render(IReadOnlyDictionary<string, object> variables) => JinjaRenderer.Render(statements, variables);
}
