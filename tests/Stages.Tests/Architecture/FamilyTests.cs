using System.Reflection;
using FluentAssertions;
using NetArchTest.Rules;
using Pipelines.Models.Families;
using Pipelines.Models.Making;
using Pipelines.Spec;
using Xunit;

namespace Pipelines.Stages.Tests.Architecture;

/// <summary>
/// A family is a folder with one registered record: nothing outside it names its types but the list of families, and
/// no part of a record is left out.
/// </summary>
public sealed class FamilyTests
{
    private const string Root = "Pipelines.Models.Families",
        Shared = Root + ".Shared";

    private static readonly Assembly Models = typeof(Family).Assembly;

    /// <summary>Namespaces of families: those below Families but the shared one.</summary>
    private static readonly string[] Folders =
    [
        .. Models
            .GetTypes()
            .Select(t => t.Namespace)
            .OfType<string>()
            .Where(n => n.StartsWith(Root + ".", StringComparison.Ordinal) && n != Shared)
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal),
    ];

    public static TheoryData<string> Names => [.. KnownFamilies.All.Select(f => f.Name)];

    [Fact]
    public void Each_folder_registers_one_family()
    {
        Folders.Should().HaveCountGreaterThan(1);
        IEnumerable<(string Folder, Family Family)> made =
            from type in Models.GetTypes()
            where Folders.Contains(type.Namespace)
            from property in type.GetProperties(BindingFlags.Static | BindingFlags.Public)
            where property.PropertyType == typeof(Family)
            select (type.Namespace!, (Family)property.GetValue(null)!);
        made.Select(m => m.Folder).Should().BeEquivalentTo(Folders, "a folder is a family");
        made.Select(m => m.Family).Should().BeEquivalentTo(KnownFamilies.All, "what is made is registered");
        string[] types = [.. KnownFamilies.All.SelectMany(f => f.ModelTypes)];
        types.Should().OnlyHaveUniqueItems("model_type tells the family");
        KnownFamilies.All.Select(f => f.Name).Should().OnlyHaveUniqueItems();
        KnownFamilies.Templates.Select(t => t.Name).Should().OnlyHaveUniqueItems();
        PublishedModel.All.Select(m => m.Name).Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public void Nothing_but_the_list_names_types_of_a_family_s_folder()
    {
        foreach (string folder in Folders)
        {
            foreach (Assembly assembly in (Assembly[])[Models, typeof(Stage).Assembly, typeof(Experiment).Assembly])
            {
                Types
                    .InAssembly(assembly)
                    .That()
                    .DoNotResideInNamespaceMatching($"^{folder.Replace(".", "\\.", StringComparison.Ordinal)}(\\.|$)")
                    .And()
                    .DoNotHaveName(nameof(KnownFamilies))
                    .ShouldNot()
                    .HaveDependencyOnAny([.. Models.GetTypes().Where(t => t.Namespace == folder).Select(Plain)])
                    .GetResult()
                    .FailingTypeNames.Should()
                    .BeNullOrEmpty($"only {nameof(KnownFamilies)} may name what lies in {folder}");
            }
        }
    }

    [Fact]
    public void Types_of_a_family_are_its_own()
    {
        Models.GetTypes().Where(t => Folders.Contains(t.Namespace)).Should().OnlyContain(t => !t.IsPublic);
        Models
            .GetTypes()
            .Where(t => !t.IsAbstract && t.IsSubclassOf(typeof(VisionLanguageModel)))
            .Select(t => t.Namespace)
            .Should()
            .BeSubsetOf(Folders, "a model lies in its family's folder");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_registered_family_has_every_part(string name)
    {
        Family family = KnownFamilies.All.Single(f => f.Name == name);
        string[] optional = [nameof(Family.EndOfTurn), nameof(Family.TiesWithoutHead)];
        foreach (PropertyInfo part in typeof(Family).GetProperties().Where(p => !optional.Contains(p.Name)))
        {
            part.GetValue(family).Should().NotBeNull(part.Name);
        }

        family.ModelTypes.Should().NotBeEmpty().And.OnlyContain(t => KnownFamilies.OfType(t) == family);
        family.ImageProcessor.Family.Should().Be(name, "messages call it by one name");
        family.ImageProcessor.Classes.Should().NotBeEmpty();
        family.Mark.Before.Should().Contain(family.Mark.Picture);
        family.Mark.PictureTokens.Should().Contain(family.Mark.ImageToken);
        family.Mark.Reserved.Should().Contain([family.Mark.Picture, family.Mark.ImageToken]);
        family.TokensBeforeImage.Should().BePositive();
        family.Published.Should().NotBeEmpty("make-model can make one up");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_published_model_of_a_family_brings_the_small_files_of_its_hub_folder(string name)
    {
        foreach (PublishedModel model in KnownFamilies.All.Single(f => f.Name == name).Published)
        {
            HubFiles
                .Of(model)
                .Should()
                .Contain(["config.json", "preprocessor_config.json", "tokenizer_config.json"], model.Name);
            HubFiles.ReadJson(model, "config.json")["model_type"]!
                .GetValue<string>()
                .Should()
                .BeOneOf(KnownFamilies.All.Single(f => f.Name == name).ModelTypes);
            model.Recipe.Tensors(model).Select(t => t.Name).Should().OnlyHaveUniqueItems();
        }
    }

    /// <summary>The rules match a name's beginning, so nested types are covered by the one that holds them.</summary>
    private static string Plain(Type type) => type.FullName!.Split('+')[0];
}
