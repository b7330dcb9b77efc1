using FluentAssertions;
using NetArchTest.Rules;
using Xunit;

namespace Pipelines.Stages.Tests.Architecture;

/// <summary>
/// References go one way: stage files -> Ablation, Attribution, Analysis, Comparison, Data, Reporting, Storage ->
/// Models -> Text, Vision, Tensors -> Errors.
/// </summary>
public sealed class ReferenceTests
{
    private const string Root = "Pipelines.Stages";
    private static readonly string[] Bottom = ["Text", "Vision", "Tensors"];
    private static readonly string[] Middle =
    [
        "Ablation",
        "Attribution",
        "Analysis",
        "Comparison",
        "Data",
        "Reporting",
        "Storage",
    ];

    [Fact]
    public void Nothing_below_the_stage_files_sees_the_spec_or_a_stage()
    {
        string[] below = ["Errors", .. Bottom, "Models", .. Middle];
        foreach (string folder in below)
        {
            DependOnNone(folder, ["Pipelines.Spec", "Pipelines.Host"]);
            In(folder)
                .ShouldNot()
                .HaveDependencyOnAny([.. StageTypes()])
                .GetResult()
                .FailingTypeNames.Should()
                .BeNullOrEmpty(folder);
        }
    }

    [Fact]
    public void The_bottom_sees_only_errors() =>
        Array.ForEach(Bottom, f => DependOnNone(f, [.. Names("Models"), .. Names(Middle)]));

    [Fact]
    public void Models_see_only_the_bottom() => DependOnNone("Models", Names(Middle));

    [Fact]
    public void Errors_see_nothing() =>
        DependOnNone("Errors", [.. Names(Bottom), .. Names("Models"), .. Names(Middle)]);

    [Fact]
    public void Libraries_are_touched_where_they_belong()
    {
        DependOnNone("Text", ["TorchSharp", "Microsoft.ML.Data", "Parquet", "SkiaSharp"]);
        DependOnNone("Reporting", ["TorchSharp", "Microsoft.ML", "Parquet"]);
        DependOnNone("Comparison", ["TorchSharp", "Microsoft.ML", "Parquet"]);
        DependOnNone("Data", ["TorchSharp", "Microsoft.ML", "Parquet", "SkiaSharp"]);
        DependOnNone("Models", ["Microsoft.ML.Data", "Parquet", "SkiaSharp"]);
        DependOnNone("Ablation", ["Microsoft.ML", "Parquet", "SkiaSharp"]);
    }

    private static string[] Names(params string[] folders) => [.. folders.Select(f => $"{Root}.{f}")];

    private static IEnumerable<string> StageTypes() =>
        typeof(Stage)
            .Assembly.GetTypes()
            .Where(t => t.Namespace == Root && !t.IsNested && !t.Name.Contains('<', StringComparison.Ordinal))
            .Select(t => t.FullName!);

    /// <summary>
    /// Types of a folder. By pattern: the plain test takes Pipelines.Stages.AblationRatio for a type of Ablation.
    /// </summary>
    private static PredicateList In(string folder) =>
        Types
            .InAssembly(typeof(Stage).Assembly)
            .That()
            .ResideInNamespaceMatching($"^{Root.Replace(".", "\\.", StringComparison.Ordinal)}\\.{folder}(\\.|$)");

    private static void DependOnNone(string folder, string[] forbidden) =>
        In(folder)
            .ShouldNot()
            .HaveDependencyOnAny(forbidden)
            .GetResult()
            .FailingTypeNames.Should()
            .BeNullOrEmpty($"{folder} must not see {string.Join(", ", forbidden)}");
}
