using System.Reflection;
using System.Reflection.Emit;
using FluentAssertions;
using Pipelines.Models.Families;
using TorchSharp;
using Xunit;

namespace Pipelines.Stages.Tests.Architecture;

/// <summary>
/// TorchSharp frees a native Scalar when the garbage collector finds that nothing refers to the managed one, and its
/// methods pass the bare handle: a Scalar that is made in passing may be freed while libtorch reads it, and what
/// libtorch then reads is whatever the memory holds. So nothing of ours may make one in passing, nor call what does.
/// </summary>
public sealed class ScalarTests
{
    private static readonly Assembly Torch = typeof(Scalar).Assembly;

    [Fact]
    public void No_scalar_is_made_in_passing()
    {
        var calls = Bodies(Torch).ToDictionary(m => m, m => Called(m).ToHashSet());
        HashSet<MethodBase> makers =
        [
            .. Torch
                .GetTypes()
                .SelectMany(t => t.GetMethods(Everything))
                .Where(m => m.ReturnType == typeof(Scalar) && (m.Name == "op_Implicit" || m.Name == "ToScalar")),
        ];
        HashSet<MethodBase> dangerous = [.. makers];
        for (int before = 0; before != dangerous.Count;)
        {
            before = dangerous.Count;
            dangerous.UnionWith(calls.Where(c => c.Value.Overlaps(dangerous)).Select(c => c.Key).ToList());
        }

        var ours = new[] { typeof(StageContext).Assembly, typeof(VisionLanguageModel).Assembly }
            .SelectMany(Bodies)
            .Where(m =>
                m.DeclaringType?.FullName?.StartsWith("Pipelines.Models.Tensors.Scalars", StringComparison.Ordinal)
                != true
            )
            .SelectMany(m =>
                Called(m).Where(dangerous.Contains).Select(c => $"{m.DeclaringType}.{m.Name} calls {Signature(c)}")
            )
            .ToList();
        ours.Should().BeEmpty(string.Join("\n", ours));
    }

    private static string Signature(MethodBase method)
    {
        var parameters = method.GetParameters().Select(p => p.ParameterType.Name);
        return $"{method.DeclaringType}.{method.Name}({string.Join(", ", parameters)})";
    }

    private const BindingFlags Everything =
        BindingFlags.Public
        | BindingFlags.NonPublic
        | BindingFlags.Static
        | BindingFlags.Instance
        | BindingFlags.DeclaredOnly;

    private static IEnumerable<MethodBase> Bodies(Assembly assembly) =>
        assembly
            .GetTypes()
            .SelectMany(t => t.GetMethods(Everything).Cast<MethodBase>().Concat(t.GetConstructors(Everything)))
            .Where(m => m.GetMethodBody() is not null);

    /// <summary>Methods that a body calls, read from its IL.</summary>
    private static IEnumerable<MethodBase> Called(MethodBase method)
    {
        byte[] il = method.GetMethodBody()!.GetILAsByteArray()!;
        for (int i = 0; i < il.Length;)
        {
            OpCode code = il[i] == 0xFE ? TwoBytes[il[i + 1]] : OneByte[il[i]];
            i += code.Size;
            if (
                code.OperandType == OperandType.InlineMethod
                && Resolve(method, BitConverter.ToInt32(il, i)) is { } called
            )
            {
                yield return called;
            }

            i += code.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(il, i)),
                _ => 4,
            };
        }
    }

    private static MethodBase? Resolve(MethodBase method, int token)
    {
        Type[] ofType = method.DeclaringType is { IsGenericType: true } generic ? generic.GetGenericArguments() : [],
            ofMethod = method.IsGenericMethod ? method.GetGenericArguments() : [];
        try
        {
            return method.Module.ResolveMethod(token, ofType, ofMethod);
        }
        catch (FileNotFoundException)
        {
            return null; // of an assembly that is not there: none of TorchSharp's
        }
    }

    private static readonly Dictionary<int, OpCode> OneByte = Codes(1),
        TwoBytes = Codes(2);

    private static Dictionary<int, OpCode> Codes(int size) =>
        typeof(OpCodes)
            .GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(f => (OpCode)f.GetValue(null)!)
            .Where(c => c.Size == size)
            .ToDictionary(c => c.Value & 0xFF);
}
