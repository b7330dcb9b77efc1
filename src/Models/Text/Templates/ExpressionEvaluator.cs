namespace Pipelines.Models.Text.Templates;

/// <summary>Computes expressions as Jinja2's generated Python does.</summary>
/// <param name="budget">What the rendering may cost.</param>
internal sealed class ExpressionEvaluator(JinjaBudget budget)
{
    /// <summary>The value of an expression.</summary>
    /// <exception cref="JinjaException">Python would raise, or something is not supported; with the line.</exception>
    public object Value(Expression expression, JinjaScope scope)
    {
        try
        {
            PythonObjects.RequireStack();
            budget.Charge();
            return Computed(expression, scope);
        }
        catch (PythonException e)
        {
            throw new JinjaException(expression.Line, e.Message, e.Unsupported);
        }
    }

    /// <summary>What a filter makes of a value.</summary>
    public object Filter(Expression.Filter filter, object value, JinjaScope scope)
    {
        CallArguments arguments = Arguments(filter.Name, filter.Arguments, scope);
        Weigh(value);
        if (filter.Name is "sort" or "groupby" or "dictsort")
        {
            budget.Charge(16 * PythonObjects.SizeOf(value)); // a logarithm's worth
        }

        return Weighed(JinjaFilters.Apply(filter.Name, value, arguments));
    }

    /// <summary>The result of a call, perhaps with the body of a <c>call</c> block.</summary>
    public object Call(Expression.Call call, JinjaScope scope, Callable? caller = null)
    {
        object of = Value(call.Of, scope);
        string name = call.Of switch
        {
            Expression.Variable v => v.Name,
            Expression.Attribute a => a.Name,
            _ => "call",
        };
        CallArguments arguments = Arguments(name, call.Arguments, scope, caller);
        return of switch
        {
            Callable callable => Weighed(callable.Call(arguments)),
            Undefined missing => throw missing.Error,
            LoopState => throw new PythonException("recursive loops are not supported", unsupported: true),
            _ => throw new PythonException($"a {PythonObjects.TypeOf(of)} cannot be called"),
        };
    }

    private object Computed(Expression expression, JinjaScope scope)
    {
        switch (expression)
        {
            case Expression.Constant constant:
                return constant.Value;
            case Expression.Variable variable:
                return scope.Find(variable.Name) ?? new Undefined($"'{variable.Name}'");
            case Expression.List list:
                return Weighed(new PythonList([.. list.Items.Select(i => Value(i, scope))]));
            case Expression.Tuple tuple:
                return Weighed(new PythonTuple([.. tuple.Items.Select(i => Value(i, scope))]));
            case Expression.Map map:
                return Map(map, scope);
            case Expression.Attribute attribute:
                return JinjaAccess.Attribute(Weighed(Value(attribute.Of, scope)), attribute.Name);
            case Expression.Item item:
                return JinjaAccess.Item(Weighed(Value(item.Of, scope)), Value(item.Key, scope));
            case Expression.Slice slice:
                return Slice(slice, scope);
            case Expression.Call call:
                return Call(call, scope);
            case Expression.Filter filter:
                return Filter(filter, Value(filter.Of!, scope), scope);
            case Expression.Test test:
                return Test(test, scope);
            case Expression.Signed signed:
                return PythonArithmetic.Signed(signed.Minus, Value(signed.Of, scope));
            case Expression.Arithmetic sum:
                return Weighed(PythonArithmetic.Apply(sum.Operator, Value(sum.Left, scope), Value(sum.Right, scope)));
            case Expression.Joined joined:
                return Weighed(Joined(joined, scope));
            case Expression.Compared compared:
                return Compared(compared, scope);
            case Expression.Not not:
                return !PythonObjects.IsTrue(Value(not.Of, scope));
            case Expression.And and:
                return Value(and.Left, scope) is var left && PythonObjects.IsTrue(left)
                    ? Value(and.Right, scope)
                    : left;
            case Expression.Or or:
                return Value(or.Left, scope) is var first && PythonObjects.IsTrue(first)
                    ? first
                    : Value(or.Right, scope);
            case Expression.Conditional choice:
                if (PythonObjects.IsTrue(Value(choice.Condition, scope)))
                {
                    return Value(choice.Then, scope);
                }

                return choice.Otherwise is { } otherwise
                    ? Value(otherwise, scope)
                    : new Undefined("an 'if' without 'else' is false, and its value");
            default:
                throw new InvalidOperationException($"No value of {expression.GetType().Name}.");
        }
    }

    private string Joined(Expression.Joined joined, JinjaScope scope)
    {
        string[] parts = [.. joined.Items.Select(i => PythonObjects.Text(Value(i, scope)))];
        JinjaBudget.Bounded(parts.Sum(p => (long)p.Length));
        return string.Concat(parts);
    }

    private PythonDict Map(Expression.Map map, JinjaScope scope)
    {
        var dict = new PythonDict();
        foreach (var (key, value) in map.Entries)
        {
            dict.Set(Value(key, scope), Value(value, scope));
        }

        return dict;
    }

    private object Slice(Expression.Slice slice, JinjaScope scope)
    {
        object of = Weighed(Value(slice.Of, scope));
        object? Bound(Expression? bound) => bound is null ? null : Value(bound, scope);
        return JinjaAccess.Slice(of, Bound(slice.Start), Bound(slice.Stop), Bound(slice.Step));
    }

    private bool Test(Expression.Test test, JinjaScope scope)
    {
        object value = Value(test.Of, scope);
        CallArguments arguments = Arguments(test.Name, test.Arguments, scope);
        if (test.Name is not ("defined" or "undefined" or "none" or "string" or "mapping" or "iterable"))
        {
            Weigh(value);
        }

        return JinjaTests.Apply(test.Name, value, arguments);
    }

    /// <summary>A chain goes on while it is true, and no part is computed twice.</summary>
    private bool Compared(Expression.Compared compared, JinjaScope scope)
    {
        object left = Value(compared.First, scope);
        foreach (var (sign, expression) in compared.Rest)
        {
            object right = Value(expression, scope);
            Weigh(left);
            Weigh(right);
            bool holds = sign switch
            {
                "==" => PythonObjects.AreEqual(left, right),
                "!=" => !PythonObjects.AreEqual(left, right),
                "<" => PythonObjects.Compare(left, right) < 0,
                "<=" => PythonObjects.Compare(left, right) <= 0,
                ">" => PythonObjects.Compare(left, right) > 0,
                ">=" => PythonObjects.Compare(left, right) >= 0,
                "in" => PythonObjects.Contains(right, left),
                _ => !PythonObjects.Contains(right, left),
            };
            if (!holds)
            {
                return false;
            }

            left = right;
        }

        return true;
    }

    private CallArguments Arguments(string of, CallSyntax syntax, JinjaScope scope, Callable? caller = null)
    {
        object[] positional = [.. syntax.Positional.Select(a => Weighed(Value(a, scope)))];
        var named = new Dictionary<string, object>(StringComparer.Ordinal);
        foreach (var (name, value) in syntax.Named)
        {
            if (!named.TryAdd(name, Weighed(Value(value, scope))))
            {
                throw new PythonException($"the argument '{name}' is given twice");
            }
        }

        if (caller is not null)
        {
            named["caller"] = caller;
        }

        return new CallArguments(of, positional, named);
    }

    /// <summary>Charges for going over a value once; characters go by faster than items.</summary>
    private void Weigh(object value) =>
        budget.Charge(value is string text ? text.Length / 8 : PythonObjects.SizeOf(value) - 1);

    private object Weighed(object value)
    {
        Weigh(value);
        return value;
    }
}
