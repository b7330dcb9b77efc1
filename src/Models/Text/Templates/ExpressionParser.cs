using System.Globalization;

namespace Pipelines.Models.Text.Templates;

/// <summary>
/// Reads expressions, with the precedence of Jinja2's own parser: a filter and a test bind tighter than any operator.
/// </summary>
internal sealed class ExpressionParser
{
    private const int MostNested = 100;
    private const int MostChained = 1000;

    private static readonly string[] Comparisons = ["==", "!=", "<", "<=", ">", ">="];

    private readonly IReadOnlyList<Token> tokens;
    private HashSet<string> reads = new(StringComparer.Ordinal);
    private int at;
    private int nested;

    /// <summary>A parser at the first token.</summary>
    public ExpressionParser(IReadOnlyList<Token> tokens) => this.tokens = tokens;

    /// <summary>The token that comes next.</summary>
    public Token Current => tokens[at];

    /// <summary>Takes the next token; the last one stays.</summary>
    public Token Next() => tokens[at < tokens.Count - 1 ? at++ : at];

    /// <summary>Takes the next token if it is this operator.</summary>
    public bool Skip(string text) => Current.Is(text) && Next() is not null;

    /// <summary>Takes the next token if it is this word.</summary>
    public bool SkipWord(string word) => Current.IsWord(word) && Next() is not null;

    /// <summary>Takes an operator that must be there.</summary>
    public void Expect(string text)
    {
        if (!Skip(text))
        {
            throw Unexpected($"'{text}'");
        }
    }

    /// <summary>Takes a token of a kind that must be there.</summary>
    public Token Expect(TokenKind kind, string wanted) => Current.Kind == kind ? Next() : throw Unexpected(wanted);

    /// <summary>An error about the next token.</summary>
    public JinjaException Unexpected(string wanted) =>
        Error(
            Current.Line,
            Current.Kind switch
            {
                TokenKind.End => $"the template ends where {wanted} is wanted",
                TokenKind.BlockEnd or TokenKind.PrintEnd => $"the tag ends where {wanted} is wanted",
                _ => $"'{Shortened(Current.Text)}' stands where {wanted} is wanted",
            }
        );

    /// <summary>Reads with a fresh set of names, and gives those that were read: for a macro's body.</summary>
    public (T Read, IReadOnlySet<string> Names) Tracking<T>(Func<T> read)
    {
        HashSet<string> outer = reads;
        reads = new HashSet<string>(StringComparer.Ordinal);
        T result = read();
        HashSet<string> inner = reads;
        outer.UnionWith(inner);
        reads = outer;
        return (result, inner);
    }

    /// <summary>Goes one level down; too many are refused.</summary>
    public T Nested<T>(Func<T> read)
    {
        if (++nested > MostNested)
        {
            throw Error(Current.Line, $"brackets and blocks lie more than {MostNested} deep");
        }

        T result = read();
        nested--;
        return result;
    }

    /// <summary>An expression.</summary>
    /// <param name="conditional">Whether <c>a if b</c> may stand here: not in the head of a <c>for</c>.</param>
    public Expression Read(bool conditional = true) => Nested(() => conditional ? Conditional() : Or());

    /// <summary>An expression, or several with commas between them: a tuple.</summary>
    /// <param name="conditional">As in <see cref="Read"/>.</param>
    public Expression ReadTuple(bool conditional = true)
    {
        int line = Current.Line;
        Expression first = Read(conditional);
        if (!Current.Is(","))
        {
            return first;
        }

        var items = new List<Expression> { first };
        while (Skip(",") && !EndsTuple())
        {
            items.Add(Read(conditional));
        }

        return new Expression.Tuple(line, items);
    }

    /// <summary>What stands in the brackets of a call, from the opening one on.</summary>
    public CallSyntax Arguments()
    {
        Expect("(");
        var positional = new List<Expression>();
        var named = new List<(string Name, Expression Value)>();
        while (!Current.Is(")"))
        {
            if (Current.Is("*") || Current.Is("**"))
            {
                throw Error(Current.Line, "arguments with '*' are not supported");
            }

            if (Current.Kind == TokenKind.Name && tokens[at + 1].Is("="))
            {
                string name = Next().Text;
                Next();
                named.Add((name, Read()));
            }
            else if (named.Count > 0)
            {
                throw Error(Current.Line, "an argument without a name stands behind one with a name");
            }
            else
            {
                positional.Add(Read());
            }

            if (!Current.Is(")"))
            {
                Expect(",");
            }
        }

        Next();
        return new CallSyntax(positional, named);
    }

    /// <summary>A filter behind its bar, or at the head of a filter block.</summary>
    public Expression.Filter ReadFilter(Expression? of)
    {
        int line = Current.Line;
        string name = DottedName("a filter");
        return new Expression.Filter(line, of, name, Current.Is("(") ? Nested(Arguments) : CallSyntax.Empty);
    }

    private bool EndsTuple() =>
        Current.Kind is TokenKind.BlockEnd or TokenKind.PrintEnd
        || Current.Is(")")
        || Current.Is("]")
        || Current.Is("=")
        || Current.IsWord("in");

    private Expression Conditional()
    {
        Expression then = Or();
        for (int i = 0; Current.IsWord("if"); i++)
        {
            Chained(i);
            int line = Next().Line;
            Expression condition = Or();
            then = new Expression.Conditional(line, condition, then, SkipWord("else") ? Nested(Conditional) : null);
        }

        return then;
    }

    private Expression Or()
    {
        Expression left = And();
        for (int i = 0; Current.IsWord("or"); i++)
        {
            Chained(i);
            left = new Expression.Or(Next().Line, left, And());
        }

        return left;
    }

    private Expression And()
    {
        Expression left = Not();
        for (int i = 0; Current.IsWord("and"); i++)
        {
            Chained(i);
            left = new Expression.And(Next().Line, left, Not());
        }

        return left;
    }

    private Expression Not() => Current.IsWord("not") ? new Expression.Not(Next().Line, Nested(Not)) : Compared();

    private Expression Compared()
    {
        int line = Current.Line;
        Expression first = Sum();
        var rest = new List<(string, Expression)>();
        while (true)
        {
            Chained(rest.Count);
            if (Current.Kind == TokenKind.Operator && Comparisons.Contains(Current.Text))
            {
                rest.Add((Next().Text, Sum()));
            }
            else if (SkipWord("in"))
            {
                rest.Add(("in", Sum()));
            }
            else if (Current.IsWord("not") && tokens[at + 1].IsWord("in"))
            {
                Next();
                Next();
                rest.Add(("not in", Sum()));
            }
            else
            {
                return rest.Count == 0 ? first : new Expression.Compared(line, first, rest);
            }
        }
    }

    private Expression Sum() => LeftToRight(Joined, "+", "-");

    private Expression Joined()
    {
        int line = Current.Line;
        var items = new List<Expression> { Product() };
        while (Skip("~"))
        {
            items.Add(Product());
        }

        return items.Count == 1 ? items[0] : new Expression.Joined(line, items);
    }

    private Expression Product() => LeftToRight(Power, "*", "/", "//", "%");

    private Expression Power() => LeftToRight(() => Signed(filtered: true), "**");

    private Expression LeftToRight(Func<Expression> part, params string[] operators)
    {
        Expression left = part();
        for (int i = 0; Current.Kind == TokenKind.Operator && operators.Contains(Current.Text); i++)
        {
            Chained(i);
            Token sign = Next();
            left = new Expression.Arithmetic(sign.Line, sign.Text, left, part());
        }

        return left;
    }

    private Expression Signed(bool filtered)
    {
        int line = Current.Line;
        Expression value =
            Current.Is("-") || Current.Is("+")
                ? new Expression.Signed(line, Next().Text == "-", Nested(() => Signed(filtered: false)))
                : Postfix(Primary());
        return filtered ? Filtered(value) : value;
    }

    private Expression Postfix(Expression value)
    {
        for (int i = 0; ; i++)
        {
            Chained(i);
            if (Current.Is(".") || Current.Is("["))
            {
                value = Subscript(value);
            }
            else if (Current.Is("("))
            {
                value = new Expression.Call(Current.Line, value, Nested(Arguments));
            }
            else
            {
                return value;
            }
        }
    }

    private Expression Filtered(Expression value)
    {
        for (int i = 0; ; i++)
        {
            Chained(i);
            if (Skip("|"))
            {
                value = ReadFilter(value);
            }
            else if (SkipWord("is"))
            {
                value = Test(value);
            }
            else if (Current.Is("("))
            {
                value = new Expression.Call(Current.Line, value, Nested(Arguments));
            }
            else
            {
                return value;
            }
        }
    }

    private Expression Test(Expression value)
    {
        int line = Current.Line;
        bool negated = SkipWord("not");
        string name = DottedName("a test");
        CallSyntax arguments = CallSyntax.Empty;
        if (Current.Is("("))
        {
            arguments = Nested(Arguments);
        }
        else if (StartsArgument())
        {
            if (Current.IsWord("is"))
            {
                throw Error(Current.Line, "two tests in a row");
            }

            arguments = new CallSyntax([Nested(() => Postfix(Primary()))], []);
        }

        var test = new Expression.Test(line, value, name, arguments);
        return negated ? new Expression.Not(line, test) : test;
    }

    private bool StartsArgument() =>
        Current.Kind is TokenKind.Name or TokenKind.Text or TokenKind.Whole or TokenKind.Number
        || Current.Is("[")
        || Current.Is("{")
            ? !(Current.IsWord("else") || Current.IsWord("or") || Current.IsWord("and"))
            : false;

    private string DottedName(string wanted)
    {
        string name = Expect(TokenKind.Name, wanted).Text;
        while (Skip("."))
        {
            name += "." + Expect(TokenKind.Name, "a name").Text;
        }

        return name;
    }

    private Expression Subscript(Expression of)
    {
        int line = Current.Line;
        if (Skip("."))
        {
            return Current.Kind switch
            {
                TokenKind.Name => new Expression.Attribute(line, of, Next().Text),
                TokenKind.Whole => new Expression.Item(line, of, new Expression.Constant(line, WholeNumber(Next()))),
                _ => throw Unexpected("a name or a number"),
            };
        }

        Expect("[");
        Expression? start = Current.Is(":") ? null : Read();
        if (!Current.Is(":"))
        {
            Expression key = start!;
            if (Current.Is(","))
            {
                var keys = new List<Expression> { key };
                while (Skip(",") && !Current.Is("]"))
                {
                    keys.Add(Read());
                }

                key = new Expression.Tuple(line, keys);
            }

            Expect("]");
            return new Expression.Item(line, of, key);
        }

        Next();
        Expression? stop = Current.Is("]") || Current.Is(":") ? null : Read();
        Expression? step = Skip(":") && !Current.Is("]") ? Read() : null;
        Expect("]");
        return new Expression.Slice(line, of, start, stop, step);
    }

    private Expression Primary()
    {
        Token token = Current;
        switch (token.Kind)
        {
            case TokenKind.Name:
                Next();
                if (token.Text is "true" or "True" or "false" or "False")
                {
                    return new Expression.Constant(token.Line, token.Text is "true" or "True");
                }

                if (token.Text is "none" or "None")
                {
                    return new Expression.Constant(token.Line, PythonNone.Value);
                }

                reads.Add(token.Text);
                return new Expression.Variable(token.Line, token.Text);
            case TokenKind.Text:
                string text = "";
                while (Current.Kind == TokenKind.Text)
                {
                    text += Next().Text;
                }

                return new Expression.Constant(token.Line, text);
            case TokenKind.Whole:
                return new Expression.Constant(token.Line, WholeNumber(Next()));
            case TokenKind.Number:
                Next();
                return new Expression.Constant(
                    token.Line,
                    double.Parse(
                        token.Text.Replace("_", "", StringComparison.Ordinal),
                        NumberStyles.Float,
                        CultureInfo.InvariantCulture
                    )
                );
        }

        if (Skip("("))
        {
            return Nested(() => Bracketed(token.Line));
        }

        if (Skip("["))
        {
            return new Expression.List(token.Line, Nested(() => Items("]")));
        }

        return Skip("{") ? Nested(() => Map(token.Line)) : throw Unexpected("a value");
    }

    private Expression Bracketed(int line)
    {
        if (Skip(")"))
        {
            return new Expression.Tuple(line, []);
        }

        Expression value = ReadTuple();
        Expect(")");
        return value;
    }

    private List<Expression> Items(string close)
    {
        var items = new List<Expression>();
        while (!Skip(close))
        {
            if (items.Count > 0)
            {
                Expect(",");
            }

            if (Skip(close))
            {
                break;
            }

            items.Add(Read());
        }

        return items;
    }

    private Expression.Map Map(int line)
    {
        var entries = new List<(Expression, Expression)>();
        while (!Skip("}"))
        {
            if (entries.Count > 0)
            {
                Expect(",");
            }

            if (Skip("}"))
            {
                break;
            }

            Expression key = Read();
            Expect(":");
            entries.Add((key, Read()));
        }

        return new Expression.Map(line, entries);
    }

    private static object WholeNumber(Token token)
    {
        string text = token.Text.Replace("_", "", StringComparison.Ordinal);
        try
        {
            return text.Length > 2 && char.IsAsciiLetter(text[1])
                ? Convert.ToInt64(
                    text[2..],
                    text[1] switch
                    {
                        'x' or 'X' => 16,
                        'o' or 'O' => 8,
                        _ => 2,
                    }
                )
                : long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
        }
        catch (OverflowException)
        {
            throw Error(token.Line, $"the number {Shortened(token.Text)} is too large");
        }
    }

    /// <summary>Long chains make deep trees, as brackets do.</summary>
    private void Chained(int links)
    {
        if (links > MostChained)
        {
            throw Error(Current.Line, $"more than {MostChained} operators in a row");
        }
    }

    private static JinjaException Error(int line, string what) => new(line, what);

    private static string Shortened(string text) => text.Length <= 40 ? text : text[..40] + "…";
}
