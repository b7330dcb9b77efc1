namespace Pipelines.Models.Text.Templates;

/// <summary>Reads the statements of a template.</summary>
internal sealed class JinjaParser
{
    private static readonly HashSet<string> OtherStatements = new(StringComparer.Ordinal)
    {
        "include",
        "import",
        "from",
        "extends",
        "block",
        "autoescape",
        "trans",
        "do",
        "debug",
    };

    private readonly ExpressionParser expressions;
    private int loops;

    private JinjaParser(IReadOnlyList<Token> tokens) => expressions = new ExpressionParser(tokens);

    /// <summary>The statements of a template.</summary>
    /// <exception cref="JinjaException">It is no template, or holds a statement that is not supported.</exception>
    public static IReadOnlyList<Statement> Read(string template)
    {
        var parser = new JinjaParser(JinjaLexer.Read(template));
        IReadOnlyList<Statement> body = parser.Body();
        return parser.Current.Kind == TokenKind.End
            ? body
            : throw parser.expressions.Unexpected("the end of the template");
    }

    private Token Current => expressions.Current;

    /// <summary>
    /// Statements up to a tag whose first word is one of <paramref name="ends"/>, whose opening is taken; or to the end
    /// of the template.
    /// </summary>
    private List<Statement> Body(params string[] ends)
    {
        var body = new List<Statement>();
        while (true)
        {
            Token token = Current;
            switch (token.Kind)
            {
                case TokenKind.Data:
                    expressions.Next();
                    body.Add(new Statement.Data(token.Line, token.Text));
                    break;
                case TokenKind.PrintBegin:
                    expressions.Next();
                    body.Add(new Statement.Print(token.Line, expressions.ReadTuple()));
                    expressions.Expect(TokenKind.PrintEnd, "'}}'");
                    break;
                case TokenKind.BlockBegin:
                    expressions.Next();
                    if (Current.Kind == TokenKind.Name && ends.Contains(Current.Text))
                    {
                        return body;
                    }

                    body.Add(expressions.Nested(Block));
                    break;
                default:
                    return ends.Length == 0
                        ? body
                        : throw new JinjaException(token.Line, $"the template ends where '{ends[^1]}' is wanted");
            }
        }
    }

    /// <summary>The body of a block and its closing tag.</summary>
    private List<Statement> BodyTo(string end)
    {
        List<Statement> body = Body(end);
        expressions.Next();
        End();
        return body;
    }

    private void End() => expressions.Expect(TokenKind.BlockEnd, "'%}'");

    private Statement Block()
    {
        Token word = expressions.Expect(TokenKind.Name, "a statement");
        switch (word.Text)
        {
            case "if":
                return If(word.Line);
            case "for":
                return For(word.Line);
            case "set":
                return Set(word.Line);
            case "macro":
                return Macro(word.Line);
            case "call":
                return CallBlock(word.Line);
            case "with":
                return With(word.Line);
            case "filter":
                return FilterBlock(word.Line);
            case "print":
                List<Statement> printed = [new Statement.Print(word.Line, expressions.Read())];
                while (expressions.Skip(","))
                {
                    printed.Add(new Statement.Print(word.Line, expressions.Read()));
                }

                End();
                return new Statement.Block(word.Line, printed, Scoped: false);
            case "generation":
                End();
                return new Statement.Block(word.Line, BodyTo("endgeneration"), Scoped: true);
            case "break" or "continue" when loops > 0:
                End();
                return word.Text == "break" ? new Statement.Break(word.Line) : new Statement.Continue(word.Line);
            case "break" or "continue":
                throw new JinjaException(word.Line, $"'{word.Text}' stands outside of a loop");
            default:
                throw new JinjaException(
                    word.Line,
                    OtherStatements.Contains(word.Text)
                        ? $"the statement '{word.Text}' is not supported"
                        : $"'{word.Text}' is no statement that may stand here",
                    unsupported: true
                );
        }
    }

    private Statement.If If(int line)
    {
        var branches = new List<(Expression?, IReadOnlyList<Statement>)>();
        Expression? condition = expressions.ReadTuple(conditional: false);
        while (true)
        {
            End();
            List<Statement> body = condition is null ? Body("endif") : Body("elif", "else", "endif");
            branches.Add((condition, body));
            string word = expressions.Next().Text;
            if (word == "endif")
            {
                break;
            }

            condition = word == "elif" ? expressions.ReadTuple(conditional: false) : null;
        }

        End();
        return new Statement.If(line, branches);
    }

    private Statement.For For(int line)
    {
        Target target = Target(unpacks: true, members: false);
        if (!expressions.SkipWord("in"))
        {
            throw expressions.Unexpected("'in'");
        }

        Expression items = expressions.ReadTuple(conditional: false);
        Expression? filter = expressions.SkipWord("if") ? expressions.Read() : null;
        if (Current.IsWord("recursive"))
        {
            throw new JinjaException(Current.Line, "recursive loops are not supported", unsupported: true);
        }

        End();
        loops++;
        List<Statement> body = Body("else", "endfor");
        loops--;
        List<Statement> otherwise = [];
        if (expressions.Next().Text == "else")
        {
            End();
            otherwise = Body("endfor");
            expressions.Next();
        }

        End();
        return new Statement.For(line, target, items, filter, body, otherwise);
    }

    private Statement Set(int line)
    {
        Target target = Target(unpacks: true, members: true);
        if (expressions.Skip("="))
        {
            Expression value = expressions.ReadTuple();
            End();
            return new Statement.Set(line, target, value);
        }

        List<Expression.Filter> filters = [];
        while (expressions.Skip("|"))
        {
            filters.Add(expressions.ReadFilter(null));
        }

        End();
        return new Statement.SetBlock(line, target, filters, BodyTo("endset"));
    }

    private Statement.FilterBlock FilterBlock(int line)
    {
        List<Expression.Filter> filters = [expressions.ReadFilter(null)];
        while (expressions.Skip("|"))
        {
            filters.Add(expressions.ReadFilter(null));
        }

        End();
        return new Statement.FilterBlock(line, filters, BodyTo("endfilter"));
    }

    private Statement.With With(int line)
    {
        var values = new List<(Target, Expression)>();
        while (Current.Kind != TokenKind.BlockEnd)
        {
            if (values.Count > 0)
            {
                expressions.Expect(",");
            }

            Target target = Target(unpacks: false, members: false);
            expressions.Expect("=");
            values.Add((target, expressions.Read()));
        }

        End();
        return new Statement.With(line, values, BodyTo("endwith"));
    }

    private Statement.Macro Macro(int line)
    {
        string name = Name();
        return new Statement.Macro(line, name, Definition(() => Parameters(), "endmacro"));
    }

    private Statement.CallBlock CallBlock(int line)
    {
        List<(string, Expression?)> parameters = Current.Is("(") ? Parameters() : [];
        Expression call = expressions.Read();
        if (call is not Expression.Call called)
        {
            throw new JinjaException(line, "'call' wants the call of a macro");
        }

        return new Statement.CallBlock(line, called, Definition(() => parameters, "endcall"));
    }

    private MacroSyntax Definition(Func<List<(string, Expression?)>> parameters, string end)
    {
        int outer = loops;
        loops = 0;
        var (read, names) = expressions.Tracking(() =>
        {
            List<(string, Expression?)> read = parameters();
            End();
            return (Parameters: read, Body: BodyTo(end));
        });
        loops = outer;
        return new MacroSyntax(read.Parameters, read.Body, names);
    }

    private List<(string Name, Expression? Default)> Parameters()
    {
        expressions.Expect("(");
        var parameters = new List<(string Name, Expression? Default)>();
        while (!expressions.Skip(")"))
        {
            if (parameters.Count > 0)
            {
                expressions.Expect(",");
            }

            string name = Name();
            Expression? standard = expressions.Skip("=") ? expressions.Read() : null;
            if (standard is null && parameters.Count > 0 && parameters[^1].Default is not null)
            {
                throw new JinjaException(
                    Current.Line,
                    $"the parameter '{name}' without a default stands behind one with a default"
                );
            }

            parameters.Add((name, standard));
        }

        return parameters;
    }

    private Target Target(bool unpacks, bool members)
    {
        Target first = One();
        if (!unpacks || !Current.Is(","))
        {
            return first;
        }

        List<Target> items = [first];
        while (expressions.Skip(",") && (Current.Kind == TokenKind.Name || Current.Is("(")) && !Current.IsWord("in"))
        {
            items.Add(One());
        }

        return new Target.Several(items);

        Target One()
        {
            if (expressions.Skip("("))
            {
                Target inner = expressions.Nested(() => Target(unpacks: true, members: false));
                expressions.Expect(")");
                return inner;
            }

            string name = Name();
            return members && expressions.Skip(".")
                ? new Target.Member(name, expressions.Expect(TokenKind.Name, "a name").Text)
                : new Target.Name(name);
        }
    }

    private string Name()
    {
        Token token = expressions.Expect(TokenKind.Name, "a name");
        return token.Text is "true" or "false" or "none" or "True" or "False" or "None"
            ? throw new JinjaException(token.Line, $"cannot assign to '{token.Text}'")
            : token.Text;
    }
}
