namespace Pipelines.Models.Text.Templates;

/// <summary>An expression of a template. A closed set, as Jinja2's grammar has them.</summary>
/// <param name="Line">Line, from 1.</param>
public abstract record Expression(int Line)
{
    /// <summary>A literal.</summary>
    internal sealed record Constant(int Line, object Value) : Expression(Line);

    /// <summary>A variable.</summary>
    internal sealed record Variable(int Line, string Name) : Expression(Line);

    /// <summary><c>[a, b]</c></summary>
    internal sealed record List(int Line, IReadOnlyList<Expression> Items) : Expression(Line);

    /// <summary><c>(a, b)</c></summary>
    internal sealed record Tuple(int Line, IReadOnlyList<Expression> Items) : Expression(Line);

    /// <summary><c>{a: b}</c></summary>
    internal sealed record Map(int Line, IReadOnlyList<(Expression Key, Expression Value)> Entries) : Expression(Line);

    /// <summary><c>a.name</c></summary>
    internal sealed record Attribute(int Line, Expression Of, string Name) : Expression(Line);

    /// <summary><c>a[key]</c></summary>
    internal sealed record Item(int Line, Expression Of, Expression Key) : Expression(Line);

    /// <summary><c>a[start:stop:step]</c></summary>
    internal sealed record Slice(int Line, Expression Of, Expression? Start, Expression? Stop, Expression? Step)
        : Expression(Line);

    /// <summary><c>f(...)</c></summary>
    internal sealed record Call(int Line, Expression Of, CallSyntax Arguments) : Expression(Line);

    /// <summary><c>a | name(...)</c>; <paramref name="Of"/> is null at the head of a filter block.</summary>
    internal sealed record Filter(int Line, Expression? Of, string Name, CallSyntax Arguments) : Expression(Line);

    /// <summary><c>a is name(...)</c></summary>
    internal sealed record Test(int Line, Expression Of, string Name, CallSyntax Arguments) : Expression(Line);

    /// <summary><c>-a</c>, <c>+a</c></summary>
    internal sealed record Signed(int Line, bool Minus, Expression Of) : Expression(Line);

    /// <summary>Arithmetic: <c>+ - * / // % **</c></summary>
    internal sealed record Arithmetic(int Line, string Operator, Expression Left, Expression Right) : Expression(Line);

    /// <summary><c>a ~ b</c></summary>
    internal sealed record Joined(int Line, IReadOnlyList<Expression> Items) : Expression(Line);

    /// <summary>A chain of comparisons: <c>a &lt; b &lt;= c</c>, <c>a in b</c>, <c>a not in b</c>.</summary>
    internal sealed record Compared(int Line, Expression First, IReadOnlyList<(string Operator, Expression Right)> Rest)
        : Expression(Line);

    /// <summary><c>not a</c></summary>
    internal sealed record Not(int Line, Expression Of) : Expression(Line);

    /// <summary><c>a and b</c></summary>
    internal sealed record And(int Line, Expression Left, Expression Right) : Expression(Line);

    /// <summary><c>a or b</c></summary>
    internal sealed record Or(int Line, Expression Left, Expression Right) : Expression(Line);

    /// <summary><c>then if test else otherwise</c></summary>
    internal sealed record Conditional(int Line, Expression Condition, Expression Then, Expression? Otherwise)
        : Expression(Line);
}

/// <summary>What stands in the brackets of a call.</summary>
/// <param name="Positional">Arguments by position.</param>
/// <param name="Named">Arguments by name.</param>
internal sealed record CallSyntax(
    IReadOnlyList<Expression> Positional,
    IReadOnlyList<(string Name, Expression Value)> Named
)
{
    /// <summary>No arguments.</summary>
    public static CallSyntax Empty { get; } = new([], []);
}

/// <summary>Where a value is put: names, a tuple of names (unpacked), or an attribute of a namespace.</summary>
public abstract record Target
{
    /// <summary>A variable.</summary>
    internal sealed record Name(string Text) : Target;

    /// <summary>An attribute of a namespace.</summary>
    internal sealed record Member(string Namespace, string Attribute) : Target;

    /// <summary>Several, into which a value is unpacked.</summary>
    internal sealed record Several(IReadOnlyList<Target> Items) : Target;
}

/// <summary>A statement of a template. A closed set.</summary>
/// <param name="Line">Line, from 1.</param>
internal abstract record Statement(int Line)
{
    /// <summary>Text that stands for itself.</summary>
    internal sealed record Data(int Line, string Text) : Statement(Line);

    /// <summary><c>{{ a }}</c></summary>
    internal sealed record Print(int Line, Expression Value) : Statement(Line);

    /// <summary><c>{% if %}</c> with its branches; a branch without a condition is the else.</summary>
    internal sealed record If(int Line, IReadOnlyList<(Expression? Condition, IReadOnlyList<Statement> Body)> Branches)
        : Statement(Line);

    /// <summary><c>{% for target in items if filter %}</c></summary>
    internal sealed record For(
        int Line,
        Target Target,
        Expression Items,
        Expression? Filter,
        IReadOnlyList<Statement> Body,
        IReadOnlyList<Statement> Otherwise
    ) : Statement(Line);

    /// <summary><c>{% break %}</c></summary>
    internal sealed record Break(int Line) : Statement(Line);

    /// <summary><c>{% continue %}</c></summary>
    internal sealed record Continue(int Line) : Statement(Line);

    /// <summary><c>{% set target = value %}</c></summary>
    internal sealed record Set(int Line, Target Target, Expression Value) : Statement(Line);

    /// <summary><c>{% set target %}...{% endset %}</c>, perhaps through filters.</summary>
    internal sealed record SetBlock(
        int Line,
        Target Target,
        IReadOnlyList<Expression.Filter> Filters,
        IReadOnlyList<Statement> Body
    ) : Statement(Line);

    /// <summary><c>{% filter name %}...{% endfilter %}</c></summary>
    internal sealed record FilterBlock(
        int Line,
        IReadOnlyList<Expression.Filter> Filters,
        IReadOnlyList<Statement> Body
    ) : Statement(Line);

    /// <summary><c>{% with a = 1 %}</c></summary>
    internal sealed record With(
        int Line,
        IReadOnlyList<(Target Target, Expression Value)> Values,
        IReadOnlyList<Statement> Body
    ) : Statement(Line);

    /// <summary><c>{% macro name(...) %}</c></summary>
    internal sealed record Macro(int Line, string Name, MacroSyntax Definition) : Statement(Line);

    /// <summary><c>{% call(...) macro(...) %}</c></summary>
    internal sealed record CallBlock(int Line, Expression.Call Call, MacroSyntax Caller) : Statement(Line);

    /// <summary>
    /// Statements that stand for themselves: <c>{% generation %}</c>, which has variables of its own, and what one
    /// <c>{% print %}</c> shows.
    /// </summary>
    internal sealed record Block(int Line, IReadOnlyList<Statement> Body, bool Scoped) : Statement(Line);
}

/// <summary>The parameters and the body of a macro.</summary>
/// <param name="Parameters">Names, and the defaults of the last ones.</param>
/// <param name="Body">What it prints.</param>
/// <param name="Reads">All names that the body reads: <c>varargs</c>, <c>kwargs</c> and <c>caller</c> are only taken by
/// a macro that does.</param>
internal sealed record MacroSyntax(
    IReadOnlyList<(string Name, Expression? Default)> Parameters,
    IReadOnlyList<Statement> Body,
    IReadOnlySet<string> Reads
);
