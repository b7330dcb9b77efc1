using System.Text;

namespace Pipelines.Models.Text.Templates;

/// <summary>Renders statements: one object a rendering.</summary>
internal sealed class JinjaRenderer
{
    private readonly JinjaBudget budget = new();
    private readonly ExpressionEvaluator evaluator;
    private StringBuilder output = new();

    private JinjaRenderer() => evaluator = new ExpressionEvaluator(budget);

    private enum Flow
    {
        Next,
        Break,
        Continue,
    }

    /// <summary>The text that a template gives.</summary>
    /// <param name="template">Its statements.</param>
    /// <param name="variables">Variables by name.</param>
    /// <exception cref="JinjaException">The template raises, wants what is not supported, or does not come to an
    /// end.</exception>
    public static string Render(IReadOnlyList<Statement> template, IReadOnlyDictionary<string, object> variables)
    {
        var renderer = new JinjaRenderer();
        var given = new JinjaScope(JinjaGlobals.Scope);
        foreach (var (name, value) in variables)
        {
            given.Set(name, value);
        }

        renderer.Run(template, new JinjaScope(given));
        return renderer.output.ToString();
    }

    private Flow Run(IReadOnlyList<Statement> body, JinjaScope scope)
    {
        foreach (Statement statement in body)
        {
            Flow flow;
            try
            {
                PythonObjects.RequireStack();
                budget.Charge();
                flow = Run(statement, scope);
            }
            catch (PythonException e)
            {
                throw new JinjaException(statement.Line, e.Message, e.Unsupported);
            }

            if (flow != Flow.Next)
            {
                return flow;
            }
        }

        return Flow.Next;
    }

    private Flow Run(Statement statement, JinjaScope scope)
    {
        switch (statement)
        {
            case Statement.Data data:
                Write(data.Text);
                break;
            case Statement.Print print:
                Write(PythonObjects.Text(evaluator.Value(print.Value, scope)));
                break;
            case Statement.If choice:
                return If(choice, scope);
            case Statement.For loop:
                return For(loop, scope);
            case Statement.Break:
                return Flow.Break;
            case Statement.Continue:
                return Flow.Continue;
            case Statement.Set set:
                Assign(set.Target, evaluator.Value(set.Value, scope), scope);
                break;
            case Statement.SetBlock block:
                Assign(block.Target, Filtered(Captured(block.Body, scope), block.Filters, scope), scope);
                break;
            case Statement.FilterBlock block:
                Write(PythonObjects.Text(Filtered(Captured(block.Body, scope), block.Filters, scope)));
                break;
            case Statement.With with:
                return With(with, scope);
            case Statement.Macro macro:
                scope.Set(macro.Name, Macro(macro.Name, macro.Definition, scope));
                break;
            case Statement.CallBlock call:
                Write(PythonObjects.Text(evaluator.Call(call.Call, scope, Macro("caller", call.Caller, scope))));
                break;
            case Statement.Block block:
                return Run(block.Body, block.Scoped ? new JinjaScope(scope) : scope);
            default:
                throw new InvalidOperationException($"No rendering of {statement.GetType().Name}.");
        }

        return Flow.Next;
    }

    private void Write(string text)
    {
        budget.Charge(text.Length);
        JinjaBudget.Bounded((long)output.Length + text.Length);
        output.Append(text);
    }

    private Flow If(Statement.If choice, JinjaScope scope)
    {
        foreach (var (condition, body) in choice.Branches)
        {
            if (condition is null || PythonObjects.IsTrue(evaluator.Value(condition, scope)))
            {
                return Run(body, scope);
            }
        }

        return Flow.Next;
    }

    private Flow For(Statement.For loop, JinjaScope scope)
    {
        var items = new List<object>();
        foreach (object item in PythonObjects.Iterate(evaluator.Value(loop.Items, scope)))
        {
            budget.Charge();
            if (loop.Filter is { } filter)
            {
                var inner = new JinjaScope(scope);
                Assign(loop.Target, item, inner);
                if (!PythonObjects.IsTrue(evaluator.Value(filter, inner)))
                {
                    continue;
                }
            }

            items.Add(item);
            JinjaBudget.Bounded(items.Count);
        }

        var state = new LoopState(items);
        bool completed = false; // as in Jinja2, an iteration that a break or continue ends does not count for the else
        for (int i = 0; i < items.Count; i++)
        {
            budget.Charge();
            state.Index = i;
            var inner = new JinjaScope(scope);
            inner.Set("loop", state);
            Assign(loop.Target, items[i], inner);
            Flow flow = Run(loop.Body, inner);
            completed |= flow == Flow.Next;
            if (flow == Flow.Break)
            {
                break;
            }
        }

        return completed ? Flow.Next : Run(loop.Otherwise, new JinjaScope(scope));
    }

    private Flow With(Statement.With with, JinjaScope scope)
    {
        var inner = new JinjaScope(scope);
        List<object> values = [.. with.Values.Select(v => evaluator.Value(v.Value, scope))];
        for (int i = 0; i < values.Count; i++)
        {
            Assign(with.Values[i].Target, values[i], inner);
        }

        return Run(with.Body, inner);
    }

    private string Captured(IReadOnlyList<Statement> body, JinjaScope scope)
    {
        StringBuilder outer = output;
        output = new StringBuilder();
        Run(body, new JinjaScope(scope));
        string text = output.ToString();
        output = outer;
        return text;
    }

    private object Filtered(object value, IReadOnlyList<Expression.Filter> filters, JinjaScope scope)
    {
        foreach (Expression.Filter filter in filters)
        {
            value = evaluator.Filter(filter, value, scope);
        }

        return value;
    }

    private Callable Macro(string name, MacroSyntax macro, JinjaScope scope) =>
        new(
            name,
            arguments =>
            {
                PythonObjects.RequireStack();
                var inner = new JinjaScope(scope);
                for (int i = 0; i < macro.Parameters.Count; i++)
                {
                    var (parameter, standard) = macro.Parameters[i];
                    inner.Set(
                        parameter,
                        arguments.Find(i, parameter)
                            ?? (
                                standard is null
                                    ? new Undefined($"the parameter '{parameter}'")
                                    : evaluator.Value(standard, inner)
                            )
                    );
                }

                var named = new PythonDict();
                foreach (
                    var (key, value) in arguments.Named.Where(n =>
                        n.Key != "caller" && macro.Parameters.All(p => p.Name != n.Key)
                    )
                )
                {
                    named.Set(key, value);
                }

                object[] more = [.. arguments.Positional.Skip(macro.Parameters.Count)];
                if (more.Length > 0 && !macro.Reads.Contains("varargs"))
                {
                    throw new PythonException(
                        $"the macro '{name}' takes {macro.Parameters.Count} arguments, not {arguments.Positional.Count}"
                    );
                }

                if (named.Count > 0 && !macro.Reads.Contains("kwargs"))
                {
                    throw new PythonException($"the macro '{name}' has no parameter '{named.Keys[0]}'");
                }

                inner.Set("varargs", new PythonTuple(more));
                inner.Set("kwargs", named);
                inner.Set(
                    "caller",
                    arguments.Named.GetValueOrDefault("caller")
                        ?? new Undefined("there is no 'call' block, and 'caller'")
                );
                return Captured(macro.Body, inner);
            }
        );

    private static void Assign(Target target, object value, JinjaScope scope)
    {
        switch (target)
        {
            case Target.Name name:
                scope.Set(name.Text, value);
                break;
            case Target.Member member:
                if (scope.Find(member.Namespace) is not PythonNamespace made)
                {
                    throw new PythonException($"'{member.Namespace}' is no namespace, so its attribute cannot be set");
                }

                made.Attributes[member.Attribute] = value;
                break;
            case Target.Several several:
                List<object> parts = [.. PythonObjects.Iterate(value).Take(several.Items.Count + 1)];
                if (parts.Count != several.Items.Count)
                {
                    throw new PythonException($"{several.Items.Count} values are wanted to unpack");
                }

                for (int i = 0; i < parts.Count; i++)
                {
                    Assign(several.Items[i], parts[i], scope);
                }

                break;
        }
    }
}
