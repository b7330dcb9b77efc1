using System.Reflection;
using FluentAssertions;
using NetArchTest.Rules;
using Pipelines.Domain;
using Pipelines.Models.Families;
using Pipelines.Spec;
using Pipelines.Stages.Reporting;
using Pipelines.Stages.Storage;
using Xunit;

namespace Pipelines.Stages.Tests.Architecture;

/// <summary>
/// References go one way. Between projects the compiler sees to it: Domain; Spec and Models on it; Stages on those.
/// Within Models: Ablation -> Families -> Text, Vision, Tensors. Within Stages: stage files -> Attribution, Analysis,
/// Comparison, Data, Reporting, Storage.
/// </summary>
public sealed class ReferenceTests
{
    private static readonly Assembly Domain = typeof(HeadMasks).Assembly,
        Spec = typeof(Experiment).Assembly,
        Models = typeof(VisionLanguageModel).Assembly,
        Stages = typeof(Stage).Assembly;

    private static readonly string[] Bottom = ["Text", "Vision", "Tensors"];
    private static readonly string[] BelowStages =
    [
        "Attribution",
        "Analysis",
        "Checking",
        "Comparison",
        "Data",
        "Reporting",
        "Storage",
    ];

    [Fact]
    public void Projects_reference_those_below_and_no_library_that_is_not_theirs()
    {
        Ours(Domain).Should().BeEmpty();
        Ours(Spec).Should().BeSubsetOf(["Pipelines.Domain"]);
        Ours(Models).Should().BeSubsetOf(["Pipelines.Domain"]);
        Ours(Stages).Should().BeSubsetOf(["Pipelines.Domain", "Pipelines.Spec", "Pipelines.Models"]);
        Libraries(Domain).Should().BeEmpty();
        Libraries(Spec).Should().BeEquivalentTo("YamlDotNet");
        Libraries(Models)
            .Should()
            .NotContain(l => l.StartsWith("Parquet", StringComparison.Ordinal) || l == "Microsoft.ML.Data");
    }

    [Fact]
    public void Friends_are_tests_only()
    {
        foreach (Assembly assembly in new[] { Domain, Spec, Models, Stages })
        {
            assembly
                .GetCustomAttributes<System.Runtime.CompilerServices.InternalsVisibleToAttribute>()
                .Select(f => f.AssemblyName)
                .Should()
                .OnlyContain(f => f.EndsWith(".Tests") || f == "Pipelines.Fuzz" || f == "Pipelines.Benchmarks");
        }
    }

    /// <summary>A figure may: it states the settings of the stage whose rows it draws.</summary>
    [Fact]
    public void Nothing_below_the_stage_files_but_a_figure_sees_the_spec_and_nothing_sees_a_stage()
    {
        string[] stages =
        [
            .. Stages
                .GetTypes()
                .Where(t => t.Namespace == "Pipelines.Stages" && !t.IsNested && !t.Name.Contains('<'))
                .Where(t => !t.IsEnum && !t.IsSubclassOf(typeof(StageSpec)))
                .Where(t => t.GetCustomAttribute<TableAttribute>() is null)
                .Select(t => t.FullName!),
        ];
        string[] figures =
        [
            .. Stages
                .GetTypes()
                .Where(t => t.GetCustomAttribute<FigureAttribute>() is not null)
                .Select(t => t.FullName!),
        ];
        foreach (string folder in BelowStages)
        {
            In(Stages, folder)
                .ShouldNot()
                .HaveDependencyOnAny("Pipelines.Spec")
                .GetResult()
                .FailingTypeNames?.Where(name => !figures.Contains(name.Split('/')[0]))
                .Should()
                .BeEmpty(folder);
            In(Stages, folder)
                .ShouldNot()
                .HaveDependencyOnAny(stages)
                .GetResult()
                .FailingTypeNames.Should()
                .BeNullOrEmpty(folder);
        }
    }

    [Fact]
    public void Readers_of_text_pictures_and_tensors_know_no_family_and_families_no_ablation()
    {
        foreach (string folder in Bottom)
        {
            DependOnNone(Models, folder, ["Pipelines.Models.Families", "Pipelines.Models.Ablation"]);
        }

        DependOnNone(Models, "Families", ["Pipelines.Models.Ablation"]);
    }

    [Fact]
    public void Libraries_are_touched_where_they_belong()
    {
        DependOnNone(Models, "Text", ["TorchSharp", "SkiaSharp"]);
        DependOnNone(Models, "Families", ["SkiaSharp"]);
        DependOnNone(Models, "Ablation", ["Microsoft.ML", "SkiaSharp"]);
        DependOnNone(Stages, "Reporting", ["TorchSharp", "Microsoft.ML", "Parquet"]);
        DependOnNone(Stages, "Comparison", ["TorchSharp", "Microsoft.ML", "Parquet"]);
        DependOnNone(Stages, "Data", ["TorchSharp", "Microsoft.ML", "Parquet", "SkiaSharp"]);
    }

    private static IEnumerable<string> Ours(Assembly assembly) => Referenced(assembly, ours: true);

    /// <summary>Libraries but those of the runtime.</summary>
    private static IEnumerable<string> Libraries(Assembly assembly) =>
        Referenced(assembly, ours: false)
            .Where(n =>
                !n.StartsWith("System", StringComparison.Ordinal)
                && n is not ("netstandard" or "mscorlib" or "Microsoft.Win32.Primitives")
            );

    private static IEnumerable<string> Referenced(Assembly assembly, bool ours) =>
        assembly
            .GetReferencedAssemblies()
            .Select(r => r.Name!)
            .Where(n => n.StartsWith("Pipelines.", StringComparison.Ordinal) == ours);

    /// <summary>
    /// Types of a folder. By pattern: the plain test takes Pipelines.Stages.AblationRatio for a type of Ablation.
    /// </summary>
    private static PredicateList In(Assembly assembly, string folder)
    {
        string name = assembly.GetName().Name!.Replace(".", "\\.", StringComparison.Ordinal);
        PredicateList types = Types.InAssembly(assembly).That().ResideInNamespaceMatching($"^{name}\\.{folder}(\\.|$)");
        types.GetTypes().Should().NotBeEmpty(folder);
        return types;
    }

    private static void DependOnNone(Assembly assembly, string folder, string[] forbidden) =>
        In(assembly, folder)
            .ShouldNot()
            .HaveDependencyOnAny(forbidden)
            .GetResult()
            .FailingTypeNames.Should()
            .BeNullOrEmpty($"{folder} must not see {string.Join(", ", forbidden)}");
}
